import { request } from 'node:http'
import { fileURLToPath } from 'node:url'

/** The image that tests take their Redis from: the one of `docker-compose.yml`. */
export const REDIS_IMAGE = 'redis:7-bookworm'

/** Whether a Docker engine answers where `DOCKER_HOST` or its usual socket says. */
export function dockerAnswers(): Promise<boolean> {
  const host = process.env['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock'
  if (!URL.canParse(host)) return Promise.resolve(false)
  const url = new URL(host)
  const target =
    url.protocol === 'unix:'
      ? { socketPath: fileURLToPath(`file://${url.pathname}`) }
      : { host: url.hostname, port: url.port || 2375 }
  return new Promise((resolve) => {
    const ping = request({ ...target, path: '/_ping', timeout: 1000 }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    ping.on('timeout', () => ping.destroy(new Error('no answer')))
    ping.on('error', () => resolve(false))
    ping.end()
  })
}

/** Starts a Redis in a container, with the settings that Mailroom asks for; disposing removes it. */
export async function startRedisContainer(): Promise<AsyncDisposable & { readonly url: string }> {
  const { GenericContainer } = await import('testcontainers')
  const container = await new GenericContainer(REDIS_IMAGE)
    .withExposedPorts(6379)
    .withCommand(['redis-server', '--appendonly', 'yes', '--maxmemory-policy', 'noeviction'])
    .start()
  return {
    url: `redis://${container.getHost()}:${container.getMappedPort(6379)}`,
    [Symbol.asyncDispose]: async () => {
      await container.stop()
    },
  }
}
