import type { Claim } from '../../../src/ledger/claim.ts'
import type { Ledger, MessageRecord } from '../../../src/ledger/ledger.ts'
import type { TimelineEntry } from '../../../src/ledger/timeline.ts'
import { inAnHour, LONG_MS } from '../ledger-under-test.ts'
import type { Answer, Deed } from './deed.ts'

/** What messages of the model refer to. */
export const CONNECTION = 'relay'

/** Messages whose id says so have one recipient, as most have; the others have two. */
export function recipientsOf(id: string): readonly string[] {
  return id.startsWith('one') ? ['ann@example.com'] : ['ann@example.com', 'bob@example.com']
}

/** Asks it of a ledger. */
export async function perform(ledger: Ledger, deed: Deed): Promise<Answer> {
  const { id } = deed
  const recipients = recipientsOf(id)
  switch (deed.kind) {
    case 'record': {
      const { key: supersedes, digest } = deed
      const entry = { id, connection: CONNECTION, messageId: `<${id}@x>`, digest, recipients }
      return (await ledger.record([{ ...entry, ...(supersedes && { supersedes }) }]))[0]
    }
    case 'claim': {
      const { worker, manager, digest } = deed
      const request = { id, worker, connection: CONNECTION, recipients, digest }
      return claimSeen(await ledger.claim({ ...request, ...(manager && { manager }) }))
    }
    case 'mark': {
      const { fence, indices, isOver, plan } = deed
      const planned = plan && { ...plan, afterMs: plan.isSoon ? 0 : LONG_MS }
      return ledger.mark(id, fence, indices, isOver ? 0 : LONG_MS, planned)
    }
    case 'settle': {
      const { dueInMs, ...settled } = await ledger.settle(id, deed.fence, deed.settlement)
      return { ...settled, isPlanned: dueInMs !== undefined }
    }
    case 'reschedule':
      return ledger.reschedule(id, deed.isLater ? inAnHour() : new Date(1_000_000))
    case 'reopen':
      return ledger.reopen(id, { evenIfUncertain: deed.evenIfUncertain })
    case 'decide':
      return ledger.settleUncertain(id, deed.decision)
    case 'removeHeld':
      return ledger.removeHeld(id, 0)
    case 'get':
      return recordSeen(await ledger.get(id))
    case 'history':
      return (await ledger.history(id))?.entries.map(entrySeen)
    case 'forget':
    case 'noteRequeued':
      await ledger[deed.kind](id)
      return undefined
    case 'cancel':
    case 'supersede':
      return ledger[deed.kind](id)
  }
}

function claimSeen(claim: Claim): Answer {
  switch (claim.kind) {
    case 'claimed': {
      const {
        kind,
        fence,
        pending,
        attempts,
        claims,
        breaks,
        turned,
        done = null,
        notBefore,
      } = claim
      const counts = { attempts, claims, breaks, turned }
      return { kind, fence, pending, ...counts, done, isRescheduled: notBefore !== undefined }
    }
    case 'settled': {
      const { kind, state, turned, done = null, dueInMs } = claim
      return { kind, state, turned, done, isPlanned: dueInMs !== undefined }
    }
    case 'elsewhere': {
      const { kind, manager, turned, done = null } = claim
      return { kind, manager, turned, done }
    }
    case 'early':
    case 'in-doubt':
    case 'conflict':
      return { kind: claim.kind }
  }
}

function recordSeen(record: MessageRecord | undefined): Answer {
  if (record === undefined) return undefined
  const { state, recipients, attempts, claims, planned, notBefore } = record
  return {
    state,
    recipients: recipients.map((recipient) => recipient.state),
    attempts,
    claims,
    planned: planned?.way ?? null,
    isRescheduled: notBefore !== undefined,
  }
}

function entrySeen(entry: TimelineEntry): string {
  return entry.kind === 'attempt' ? entry.how : entry.kind
}
