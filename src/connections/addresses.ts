import { isIPv6 } from 'node:net'

import type { ResolvedHostname } from 'nodemailer/lib/shared'

/** What became of a look-up. */
export type LookUp =
  | { readonly kind: 'found'; readonly addresses: readonly string[] }
  | { readonly kind: 'unknown'; readonly error: NodeJS.ErrnoException }
  | { readonly kind: 'late' }

/**
 * The addresses of a server in the order in which they are to be tried: those of IPv6 and of IPv4 by
 * turns (RFC 8305 §4), each in a random order, so that sessions spread over the machines of a name.
 *
 * What was found is kept for five minutes, and used longer when nothing is found then: also when the
 * name servers are silent, for which half of `timeoutMs` is waited. `signal` ends the wait: `late`.
 */
export async function lookUp(
  server: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<LookUp> {
  const ended = Promise.withResolvers<LookUp>()
  const onEnd = () => ended.resolve({ kind: 'late' })
  signal.addEventListener('abort', onEnd)
  if (signal.aborted) onEnd()
  try {
    return await Promise.race([find(server, timeoutMs / 2), ended.promise])
  } finally {
    signal.removeEventListener('abort', onEnd)
  }
}

async function find(host: string, timeout: number): Promise<LookUp> {
  // Whoever only enqueues mail looks nobody up, and need not wait for this.
  const { resolveHostname } = await import('nodemailer/lib/shared')
  return new Promise((resolve) => {
    resolveHostname({ host, timeout: Math.ceil(timeout) }, (error, result) => {
      if (error) resolve({ kind: 'unknown', error })
      else resolve({ kind: 'found', addresses: inOrder(addressesOf(result)) })
    })
  })
}

/** All of them; its types know of one that was chosen at random. */
function addressesOf(result: ResolvedHostname | undefined): readonly string[] {
  const all: unknown = result && Reflect.get(result, '_addresses')
  if (!Array.isArray(all)) return typeof result?.host === 'string' ? [result.host] : []
  return all.filter((address) => typeof address === 'string')
}

function inOrder(addresses: readonly string[]): readonly string[] {
  const six = shuffle(addresses.filter((address) => isIPv6(address)))
  const four = shuffle(addresses.filter((address) => !isIPv6(address)))
  return Array.from({ length: Math.max(six.length, four.length) }, (_, at) => at)
    .flatMap((at) => [six[at], four[at]])
    .filter((address) => address !== undefined)
}

function shuffle(list: readonly string[]): readonly string[] {
  return list
    .map((one) => ({ one, at: Math.random() }))
    .toSorted((left, right) => left.at - right.at)
    .map(({ one }) => one)
}
