import type { Fault } from '../../smtp/fault.ts'
import { authFault } from './mechanism.ts'

/** Why the server's offer will not do; its words may be shown. */
export function noCommonMechanism(offered: readonly string[], wanted: readonly string[]): Fault {
  if (offered.length === 0) {
    return authFault(
      'the server offers no AUTH: use `auth: { method: "anonymous" }`, or another port',
      'AUTH_NOT_OFFERED',
    )
  }
  const offer = offered
    .map((name) => name.replace(/[^A-Z0-9_-]/g, '?'))
    .join(' ')
    .slice(0, 100)
  const isNtlm = wanted.length === 1 && wanted[0] === 'NTLM'
  return authFault(
    `the server offers AUTH ${offer}, none of ${wanted.join(', ')}`,
    isNtlm ? 'NTLM_NOT_OFFERED' : 'NO_COMMON_MECHANISM',
  )
}
