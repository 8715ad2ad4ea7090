import { fastify } from 'fastify'

import { isMailroomError } from '../errors.ts'
import type { OpenServer } from './listen.ts'
import { listen } from './listen.ts'

/** Something that must hold before mail can flow; resolves with why it does not, else undefined. */
export type ReadinessCheck = () => Promise<string | undefined> | string | undefined

export interface HealthOptions {
  /** `127.0.0.1` by default; give `0.0.0.0` where probes come from outside the machine. */
  readonly host?: string
  /** 0 takes a free one. */
  readonly port: number
  /** By name, as `store`; all must hold for `/readyz` to answer 200. */
  readonly checks: Readonly<Record<string, ReadinessCheck>>
  /** What `/metrics` answers. */
  readonly metrics: { readonly contentType: string; metrics(): Promise<string> }
  /** How long a check may take before it counts as failed; 2,000 by default. */
  readonly checkTimeoutMs?: number
}

/**
 * Opens `/livez` (200 while the process answers at all), `/readyz` (200, or 503 with the reason of
 * each check that fails) and `/metrics`. Answers hold no address and no secret.
 */
export async function openHealthServer(options: HealthOptions): Promise<OpenServer> {
  const { host = '127.0.0.1', port, checks, metrics, checkTimeoutMs = 2000 } = options
  const app = fastify({ forceCloseConnections: true })

  app.get('/livez', () => ({ alive: true }))

  app.get('/readyz', async (_request, reply) => {
    const reasons = await failing(checks, checkTimeoutMs)
    const isReady = Object.keys(reasons).length === 0
    return reply.status(isReady ? 200 : 503).send({ ready: isReady, reasons })
  })

  app.get('/metrics', async (_request, reply) => {
    const text = await metrics.metrics()
    return reply.type(metrics.contentType).send(text)
  })

  return listen(app, 'the health server', { host, port })
}

async function failing(
  checks: HealthOptions['checks'],
  timeoutMs: number,
): Promise<Record<string, string>> {
  const answers = await Promise.all(
    Object.entries(checks).map(
      async ([name, check]) => [name, await outcomeOf(check, timeoutMs)] as const,
    ),
  )
  return Object.fromEntries(answers.flatMap(([name, why]) => (why ? [[name, why]] : [])))
}

async function outcomeOf(check: ReadinessCheck, timeoutMs: number): Promise<string | undefined> {
  const timer = Promise.withResolvers<string>()
  const timeout = setTimeout(() => timer.resolve(`no answer within ${timeoutMs}ms`), timeoutMs)
  try {
    return await Promise.race([check(), timer.promise])
  } catch (error) {
    return isMailroomError(error) ? `${error.message} (${error.code})` : 'failed'
  } finally {
    clearTimeout(timeout)
  }
}
