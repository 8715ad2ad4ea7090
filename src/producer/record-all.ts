import type { Ledger, NewRecord, Recorded } from '../ledger/ledger.ts'
import type { Store } from '../store/store.ts'

interface RecordContext {
  readonly store: Store
  readonly ledger: Ledger
  /** Whether the first conflict ends all. */
  readonly stopsAtRefused: boolean
}

/**
 * Records messages at once; where one could supersede another, none behind the first conflict: what
 * is superseded is not taken back.
 */
export async function recordAll(
  entries: readonly NewRecord[],
  { ledger, stopsAtRefused }: RecordContext,
): Promise<readonly Recorded[]> {
  const supersedes = entries.some((entry) => entry.supersedes !== undefined)
  const mustStop = stopsAtRefused && supersedes && entries.length > 1
  const conflict = mustStop ? await findConflict(entries, ledger) : -1
  return ledger.record(conflict === -1 ? entries : entries.slice(0, conflict + 1))
}

async function findConflict(entries: readonly NewRecord[], ledger: Ledger): Promise<number> {
  const digests = new Map<string, string | undefined>()
  for (const [at, { id, digest }] of entries.entries()) {
    const known = digests.has(id) ? digests.get(id) : await ledger.digestOf(id)
    if (known !== undefined && known !== digest) return at
    digests.set(id, digest)
  }
  return -1
}

/** Ends the older messages, if nobody has sent them; the answers name those that it ended. */
export async function supersedeOlder(
  answers: readonly Recorded[],
  { ledger, store }: RecordContext,
): Promise<readonly Recorded[]> {
  const endOlder = async (answer: Recorded): Promise<Recorded> => {
    if (answer.kind !== 'recorded' || answer.older === undefined) return answer
    const isEnded = await ledger.supersede(answer.older).catch((error: unknown) => {
      if (store.kind === 'postgres') throw error
      // Whoever claims it ends it.
      return false
    })
    return isEnded ? answer : { kind: 'recorded' }
  }
  return Promise.all(answers.map(endOlder))
}
