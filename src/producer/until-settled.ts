import { MailroomError } from '../errors.ts'
import type { Ledger, MessageRecord } from '../ledger/ledger.ts'
import { UnknownMessageError } from './errors.ts'
import type { Outcomes } from './outcomes.ts'

export interface UntilSettledOptions {
  /** How long to wait; without end by default. */
  readonly timeoutMs?: number
  /** Ends the wait at once, with its reason. */
  readonly signal?: AbortSignal
}

/** Thrown when a message was not settled in time; it is still on its way. */
export class NotSettledError extends MailroomError {
  override readonly code = 'NOT_SETTLED'

  constructor(id: string, timeoutMs: number, { state, planned }: MessageRecord) {
    const how =
      state === 'uncertain' && planned !== undefined
        ? `its policy is to ${planned.way} it at ${planned.at.toISOString()}; wait longer`
        : 'it stays in the queue; see that a worker runs, or wait longer'
    super(
      `message "${id}" was expected to be settled within ${timeoutMs} ms and is "${state}": ${how}`,
    )
  }
}

/** Announcements may get lost, so the ledger is asked as well, this often. */
const ASK_EVERY_MS = 1_000

/**
 * Resolves with the record of a message once its state is final: also what is uncertain is not, as
 * long as its policy is to send it again, or to have it count as delivered.
 *
 * Throws `UnknownMessageError` when there is no record of it, and `NotSettledError`.
 */
export async function untilSettled(
  id: string,
  open: () => Promise<Ledger>,
  outcomes: Outcomes,
  { timeoutMs, signal }: UntilSettledOptions,
): Promise<MessageRecord> {
  signal?.throwIfAborted()
  const deadline = performance.now() + (timeoutMs ?? Infinity)
  const aborted = Promise.withResolvers<never>()
  let wake: (() => void) | undefined
  const unsubscribe = outcomes.on('settled', (outcome) => {
    if (outcome.id === id) wake?.()
  })
  const onAbort = (): void => {
    aborted.reject(signal?.reason)
    wake?.()
  }
  signal?.addEventListener('abort', onAbort, { once: true })

  const watch = async (): Promise<MessageRecord> => {
    await outcomes.ready()
    for (;;) {
      signal?.throwIfAborted()
      const woken = new Promise<void>((resolve) => (wake = resolve))
      const record = await (await open()).get(id)
      if (record === undefined) throw new UnknownMessageError(id)
      if (isFinal(record)) return record
      const leftMs = deadline - performance.now()
      if (leftMs <= 0) throw new NotSettledError(id, timeoutMs ?? 0, record)
      await eitherOf(woken, Math.min(ASK_EVERY_MS, leftMs))
    }
  }
  try {
    // The store may take its time to answer: whoever aborts does not wait for it.
    return await Promise.race([watch(), aborted.promise])
  } finally {
    unsubscribe()
    signal?.removeEventListener('abort', onAbort)
  }
}

function isFinal({ state, planned }: MessageRecord): boolean {
  if (state === 'uncertain') return planned === undefined
  return state !== 'queued' && state !== 'active' && state !== 'deferred'
}

async function eitherOf(woken: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)))
  await Promise.race([woken, over])
  clearTimeout(timer)
}
