import { isDeepStrictEqual } from 'node:util'

import type { ConnectionManager } from '../connections/connection-manager.ts'
import type { ResolvedManager } from '../connections/secrets.ts'

/**
 * What differs between a manager and its successor: nothing that mail would notice, only what a
 * message is made of, or what a session is made of, so that open sessions have to be replaced.
 */
type ManagerChange = 'none' | 'messages' | 'sessions'

/** Compares two managers of one name as they were resolved, secrets included. */
export function changeOf(before: ResolvedManager, after: ResolvedManager): ManagerChange {
  const sameSessions = isDeepStrictEqual(sessionFacts(before), sessionFacts(after))
  if (!sameSessions) return 'sessions'
  const same = isDeepStrictEqual(messageFacts(before.manager), messageFacts(after.manager))
  return same ? 'none' : 'messages'
}

/** All but what only messages notice, so that a property that is new to us replaces sessions. */
function sessionFacts({ digest, manager }: ResolvedManager): unknown {
  const { auth: _inDigest, tlsOptions: _inDigestToo, limits, ...rest } = manager
  const {
    description: _forPeople,
    from: _from,
    redirectAll: _all,
    uncertain: _policy,
    ...facts
  } = rest
  const { sessions, messagesPerSession } = limits
  return { digest, sessions, messagesPerSession, ...facts }
}

function messageFacts({ from, redirectAll, limits, uncertain }: ConnectionManager): unknown {
  return { from, redirectAll, limits, uncertain }
}
