import { openLogin } from '../../src/connections/login.ts'
import type { ConnectionManagerInput } from '../../src/connections/connection-manager.ts'
import { openSession } from '../../src/connections/session.ts'
import type { Session } from '../../src/connections/session.ts'
import { managerFor } from './resolved-manager.ts'

/** A session with the server on loopback, at once closed when disposed; throws when the login fails. */
export async function sessionWith(
  server: { readonly port: number },
  properties: Partial<ConnectionManagerInput> = {},
): Promise<Session> {
  const resolved = await managerFor(server, properties)
  const login = await openLogin(resolved)
  if (login.kind === 'fault') throw new Error(`no session: ${JSON.stringify(login.fault)}`)
  return openSession(login, { timeouts: resolved.manager.timeouts })
}
