import { connectionManagerSchema } from '../../src/connections/connection-manager.ts'
import type { ConnectionManagerInput } from '../../src/connections/connection-manager.ts'
import { resolveSecrets } from '../../src/connections/secrets.ts'
import type { ResolvedManager } from '../../src/connections/secrets.ts'

/** A resolved connection manager for a server on loopback; plain and anonymous unless said otherwise. */
export function managerFor(
  { port }: { readonly port: number },
  properties: Partial<ConnectionManagerInput> = {},
): Promise<ResolvedManager> {
  const manager = connectionManagerSchema.parse({
    name: 'Test relay',
    server: '127.0.0.1',
    port,
    tls: 'none',
    ...properties,
  })
  return resolveSecrets(manager, { env: {} })
}
