import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'

import { freePort } from '../support/free-port.ts'

const run = promisify(execFile)

/** The containers of `docker-compose.yml` under a name of their own; disposing removes all of them. */
export interface ComposeProject extends AsyncDisposable {
  /** Runs `docker compose ARGS` to its end. */
  compose(...args: readonly string[]): Promise<string>
  /** Runs a container of a service; tells each line that it prints, and answers the last one. */
  once(service: string, args: readonly string[], onLine: (line: string) => void): Promise<string>
  /** The containers of a service that are there, running or not. */
  containers(service: string): Promise<readonly string[]>
  readonly dashboardPort: number
}

/** Opens the project in `root`; nothing runs before `compose('up', …)`. */
export async function openCompose(root: string, files: readonly string[]): Promise<ComposeProject> {
  const [command, ...first] = await findCompose()
  const ports = { redis: await freePort(), dashboard: await freePort() }
  const project = `mailroom-prove-${randomBytes(3).toString('hex')}`
  const env = {
    ...process.env,
    COMPOSE_PROJECT_NAME: project,
    COMPOSE_PROFILES: '',
    REDIS_PORT: String(ports.redis),
    DASHBOARD_PORT: String(ports.dashboard),
  }
  const options = { cwd: root, env, maxBuffer: 64 * 2 ** 20 }
  const argsOf = (args: readonly string[]): string[] => [
    ...first,
    ...files.flatMap((file) => ['-f', file]),
    ...args,
  ]
  const compose = async (...args: readonly string[]): Promise<string> =>
    (await run(command, argsOf(args), options)).stdout
  return {
    compose,
    dashboardPort: ports.dashboard,
    containers: async (service) => {
      const labels = ['project', project, 'service', service]
      const filters = [0, 2].flatMap((at) => [
        '--filter',
        `label=com.docker.compose.${labels[at]}=${labels[at + 1]}`,
      ])
      return (await docker('ps', '--all', '--quiet', ...filters)).split('\n').filter(Boolean)
    },
    once: async (service, args, onLine) => {
      const child = spawn(command, argsOf(['run', '-T', '--rm', service, ...args]), {
        ...options,
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const ended = once(child, 'close')
      let last = ''
      for await (const line of createInterface({ input: child.stdout })) {
        last = line
        onLine(line)
      }
      await ended
      if (child.exitCode !== 0) throw new Error(`"${service}" ended with ${child.exitCode}`)
      return last
    },
    [Symbol.asyncDispose]: async () => {
      await compose('down', '--volumes', '--remove-orphans', '--timeout', '5')
    },
  }
}

/** Runs `docker ARGS` to its end and answers what it prints. */
export async function docker(...args: readonly string[]): Promise<string> {
  return (await run('docker', [...args], { maxBuffer: 64 * 2 ** 20 })).stdout.trim()
}

/** Asks every 200 ms until the answer is good, for at most two minutes. */
export async function until<T>(
  what: string,
  ask: () => Promise<T>,
  isGood: (answer: T) => boolean,
): Promise<T> {
  const deadline = Date.now() + 120_000
  for (;;) {
    const answer = await ask()
    if (isGood(answer)) return answer
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}, got ${String(answer)}`)
    await setTimeout(200)
  }
}

/** The plugin of the Docker CLI, else the program that came before it. */
async function findCompose(): Promise<readonly [string, ...string[]]> {
  try {
    await run('docker', ['compose', 'version'])
    return ['docker', 'compose']
  } catch {
    await run('docker-compose', ['version'])
    return ['docker-compose']
  }
}
