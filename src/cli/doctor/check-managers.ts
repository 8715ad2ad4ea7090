import type { Context } from '../context.ts'
import type { Setup } from '../setup.ts'
import { openFleetTokens } from '../fleet-tokens.ts'
import { verifyConnections } from '../verify-connections.ts'
import { ok, problem, type Check } from './check.ts'

/** Tries every connection manager as `connections verify` does. */
export async function checkManagers(
  setup: Pick<Setup, 'config' | 'settings' | 'terminal'>,
  { env }: Pick<Context, 'env'>,
  timeoutMs: number,
): Promise<readonly Check[]> {
  const { connections } = setup.config
  await using shared = openFleetTokens(() => Promise.resolve(setup), { env })
  const options = { env, timeoutMs, tokens: shared.tokens }
  const verified = await verifyConnections(connections, connections.names(), options)
  return verified.map(({ connection, steps, problem: named, advice }) => {
    const check = `connection ${JSON.stringify(connection)}`
    const failed = steps.find((step) => !step.ok)
    if (failed === undefined) return ok(check, 'lets us in')
    const { step, detail = 'it failed' } = failed
    return { ...problem(check, `${step}: ${detail}`, advice), ...(named && { problem: named }) }
  })
}
