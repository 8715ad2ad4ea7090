import type { Context } from '../context.ts'
import type { Setup } from '../setup.ts'
import { openSharedTokens } from '../shared-tokens.ts'
import { verifyConnections } from '../verify-connections.ts'
import { ok, problem, type Check } from './check.ts'

/** Tries every connection manager as `connections verify` does. */
export async function checkManagers(
  { config, settings }: Pick<Setup, 'config' | 'settings'>,
  { env }: Pick<Context, 'env'>,
  timeoutMs: number,
): Promise<readonly Check[]> {
  const { connections } = config
  const setup = { config, settings }
  await using shared = openSharedTokens(() => Promise.resolve(setup), { env })
  const options = { env, timeoutMs, tokens: shared.tokens }
  const verified = await verifyConnections(connections, connections.names(), options)
  return verified.map(({ connection, steps, advice }) => {
    const check = `connection ${JSON.stringify(connection)}`
    const failed = steps.find((step) => !step.ok)
    if (failed === undefined) return ok(check, 'lets us in')
    const { step, detail = 'it failed' } = failed
    return problem(check, `${step}: ${detail}`, advice)
  })
}
