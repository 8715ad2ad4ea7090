import { needsContent } from '../ledger/content-need.ts'
import { RecordUnreadableError } from '../ledger/errors.ts'
import type { DueUncertain } from '../ledger/uncertain.ts'
import type { SweepContext } from './sweep-context.ts'
import { ruleOfPlan, tellPlanDone } from './tell-uncertain.ts'

const PER_PAGE = 100
const MAX_PAGES = 50

/**
 * Settles uncertain messages whose policy says what is to be done by now, and which nobody has
 * claimed: no worker lived, or serves their name. What cannot be sent again, since its job is gone,
 * is held for somebody to decide.
 */
export async function settleDue(context: SweepContext): Promise<void> {
  let left = 0
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const due = await context.ledger.dueUncertain(left, PER_PAGE)
    for (const one of due) if (!(await settleOne(one, context))) left += 1
    if (due.length < PER_PAGE || !(await context.goOn())) return
  }
}

/** False when its record cannot be read: it stays as it is, and others come first. */
async function settleOne(due: DueUncertain, context: SweepContext): Promise<boolean> {
  const { id, connection, way } = due
  const { ledger, queues, emit, announce, content, onStoreFault } = context
  try {
    const digest = await ledger.digestOf(id)
    if (way === 'resend' && (await queues.read(connection, id)) === undefined) {
      await ledger.settleUncertain(id, 'hold')
      return true
    }
    const done = await ledger.settleUncertain(id, 'planned')
    if (done.kind !== 'settled') return done.kind !== 'not-due'
    tellPlanDone(id, done, { connection, emit })
    const { state } = done
    if (state === 'deferred') await queues.wake(connection, id, digest)
    if (state !== 'queued' && state !== 'active') {
      announce({ id, connection, state, ...ruleOfPlan(done) })
    }
    if (needsContent(state)) return true
    await queues.removeRequested(connection, { id, digest })
    await content.release(id, digest)
    return true
  } catch (error) {
    if (!(error instanceof RecordUnreadableError)) throw error
    onStoreFault(error)
    return false
  }
}
