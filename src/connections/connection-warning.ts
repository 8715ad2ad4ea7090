import type { ConnectionManager, TlsMode } from './connection-manager.ts'

/** Something about a valid connection manager that is probably a mistake. */
export interface ConnectionWarning {
  readonly connection: string
  readonly code: 'PORT_TLS_MISMATCH' | 'INSECURE_AUTH'
  readonly message: string
}

/** What servers speak on the ports that have a fixed meaning (RFC 5321, RFC 6409, RFC 8314). */
const SPOKEN: ReadonlyMap<number, readonly TlsMode[]> = new Map([
  [25, ['none', 'starttls']],
  [465, ['implicit']],
  [587, ['starttls']],
])

/** What an operator should hear about `manager` before its first message waits in vain. */
export function warningsOf(manager: ConnectionManager): readonly ConnectionWarning[] {
  return [...mismatch(manager), ...insecureLogin(manager)]
}

function mismatch({ name, port, tls }: ConnectionManager): readonly ConnectionWarning[] {
  const spoken = SPOKEN.get(port)
  if (!spoken || spoken.includes(tls)) return []
  const usual = spoken.map((mode) => `"${mode}"`).join(' or ')
  const message = `"${name}" uses port ${port} with tls "${tls}", but servers speak ${usual} there: change \`port\` or \`tls\``
  return [{ connection: name, code: 'PORT_TLS_MISMATCH', message }]
}

function insecureLogin({ name, auth, tls }: ConnectionManager): readonly ConnectionWarning[] {
  if (tls !== 'none' || auth.method === 'anonymous') return []
  if (auth.method === 'windows') {
    const message = `"${name}" logs in as Windows does over a plain connection: the password is not shown, but anybody on the way can read the mail and send some of their own`
    return [{ connection: name, code: 'INSECURE_AUTH', message }]
  }
  const message = `"${name}" sends its password over a plain connection (\`allowInsecureAuth\`): anybody on the way can read it`
  return [{ connection: name, code: 'INSECURE_AUTH', message }]
}
