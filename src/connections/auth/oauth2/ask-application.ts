import { createSecret } from '../../secret.ts'
import { authFault } from '../mechanism.ts'
import type { GetToken } from './callback.ts'
import type { Granted } from './token.ts'
import type { RefusedToken } from './tokens.ts'

/** Asks the application for a token; what it throws may hold anything, and is told by its name. */
export async function askApplication(
  getToken: GetToken,
  signal: AbortSignal,
): Promise<Granted | RefusedToken> {
  const late = Promise.withResolvers<RefusedToken>()
  const onAbort = (): void => late.resolve(away('did not answer in time'))
  signal.addEventListener('abort', onAbort)
  try {
    return await Promise.race([ask(getToken, signal), late.promise])
  } catch (error) {
    return away(`threw ${error instanceof Error ? error.name : 'something'}`)
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

async function ask(getToken: GetToken, signal: AbortSignal): Promise<Granted | RefusedToken> {
  const { accessToken, expiresAt } = await getToken({ signal })
  if (typeof accessToken !== 'string' || accessToken === '') {
    return { kind: 'fault', fault: authFault('`getToken` gave no `accessToken`') }
  }
  const lifeMs = expiresAt === undefined ? undefined : expiresAt.getTime() - Date.now()
  if (Number.isNaN(lifeMs)) {
    return {
      kind: 'fault',
      fault: authFault('`getToken` gave an `expiresAt` that is no valid date'),
    }
  }
  return { kind: 'granted', accessToken: createSecret(accessToken), lifeMs }
}

/** Perhaps it can the next time: it knows best what it depends on. */
function away(problem: string): RefusedToken {
  return {
    kind: 'fault',
    fault: { kind: 'refused', stage: 'auth', detail: `\`getToken\` ${problem}` },
  }
}
