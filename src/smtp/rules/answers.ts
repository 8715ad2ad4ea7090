import type { Verdict, VerdictClass } from '../verdict-shape.ts'

type Answer = Pick<Verdict, 'message' | 'manager'>

/** The two answers of a class: before MAIL, and from MAIL on at a 4yz and at anything else. */
interface Answers {
  readonly early: Answer
  readonly soft: Answer
  readonly hard: Answer
}

const DELIVERED: Answer = { message: 'accepted', manager: 'fine' }
const NOT_BEGUN: Answer = { message: 'return', manager: 'fault' }
const RETRY: Answer = { message: 'retry', manager: 'fine' }
const REFUSE: Answer = { message: 'refuse', manager: 'fine' }
const SPLIT: Answer = { message: 'split', manager: 'fine' }
const SUSPECT: Answer = { message: 'retry', manager: 'suspect' }
const UNCERTAIN: Answer = { message: 'uncertain', manager: 'suspect' }
const SLOW_DOWN: Answer = { message: 'retry', manager: 'throttle' }

/**
 * What each class asks for when its rule says no more.
 *
 * Before MAIL no message pays and the manager is at fault; from MAIL on a fault delays its
 * message, whosever fault it is, and one message alone never condemns the manager.
 */
export const ANSWERS: Readonly<Record<VerdictClass, Answers>> = {
  ok: { early: DELIVERED, soft: DELIVERED, hard: DELIVERED },
  retry: { early: NOT_BEGUN, soft: RETRY, hard: RETRY },
  permanent: { early: NOT_BEGUN, soft: RETRY, hard: REFUSE },
  policy: { early: NOT_BEGUN, soft: RETRY, hard: REFUSE },
  split: { early: NOT_BEGUN, soft: SPLIT, hard: SPLIT },
  connection: { early: NOT_BEGUN, soft: SUSPECT, hard: SUSPECT },
  auth: {
    early: { message: 'return', manager: 'auth' },
    soft: SUSPECT,
    hard: { message: 'retry', manager: 'auth' },
  },
  throttle: {
    early: { message: 'return', manager: 'throttle' },
    soft: SLOW_DOWN,
    hard: SLOW_DOWN,
  },
  uncertain: { early: UNCERTAIN, soft: UNCERTAIN, hard: UNCERTAIN },
}
