import type { Deed, Event } from './deed.ts'

/** What happened to one message, in the order in which it was answered. */
type Log = readonly Event[]

/**
 * What the ledger promises in words, read off the bare answers: a second opinion that knows nothing
 * of the model. Answers what was broken.
 */
export function brokenPromises(events: readonly Event[]): readonly string[] {
  const inTime = events.toSorted((one, other) => one.ended - other.ended)
  const byId = Map.groupBy(inTime, ({ deed }) => deed.id)
  return [...byId.values()].flatMap((log) => [
    ...claimsInOrder(log),
    ...staysAway(log, 'cancelled', log.filter(isCancelled), isGivenAnotherTry),
    ...staysAway(log, 'rescheduled', log.filter(isPutOff), isPulledForward),
    ...staysAway(log, 'superseded', newerThan(inTime, log), isBegunAnew),
    ...vanished(log),
  ])
}

/** Each claim has a fence of its own that grows, and no old one marks. */
function claimsInOrder(log: Log): readonly string[] {
  const claims = log.filter(isClaimed)
  const marks = log.filter(({ deed, answer }) => deed.kind === 'mark' && answer === true)
  return [...claims, ...marks].flatMap((later) => {
    const earlier = claims.filter(({ ended }) => ended < later.began)
    const newest = Math.max(0, ...earlier.map(fenceOf))
    const isMark = later.deed.kind === 'mark'
    const isRight = isMark ? fenceOf(later) >= newest : fenceOf(later) > newest
    return isRight ? [] : [`${later.deed.id} was ${isMark ? 'marked' : 'claimed'} by an old fence`]
  })
}

/** Nobody claims it who asks after that was answered, unless something between the two allows it. */
function staysAway(
  log: Log,
  what: string,
  ends: Log,
  allows: (event: Event) => boolean,
): readonly string[] {
  return ends.flatMap((end) => {
    const claim = log.find((event) => isClaimed(event) && event.began > end.ended)
    if (claim === undefined) return []
    const between = log.some(
      (event) => event.ended > end.began && event.began < claim.ended && allows(event),
    )
    return between ? [] : [`${claim.deed.id} was ${what}, and then claimed`]
  })
}

/** What was recorded or claimed is there, unless somebody has removed it. */
function vanished(log: Log): readonly string[] {
  const isRemoved = log.some(({ deed }) => deed.kind === 'forget' || deed.kind === 'removeHeld')
  const known = log.find(({ deed }) => deed.kind === 'record' || deed.kind === 'claim')
  const gone = log.find(
    ({ deed, answer, began }) =>
      deed.kind === 'get' && answer === undefined && began > (known?.ended ?? Infinity),
  )
  return gone === undefined || isRemoved ? [] : [`${gone.deed.id} has vanished`]
}

/** The newer messages that were recorded after this one was. */
function newerThan(all: Log, log: Log): Log {
  const own = log.find(isRecorded)
  if (own === undefined || keyOf(own) === undefined) return []
  return all.filter(
    (event) =>
      isRecorded(event) &&
      event.deed.id !== own.deed.id &&
      keyOf(event) === keyOf(own) &&
      event.began > own.ended,
  )
}

function keyOf({ deed }: Event): string | undefined {
  return deed.kind === 'record' ? deed.key : undefined
}

function isClaimed({ answer }: Event): boolean {
  return typeof answer === 'object' && 'fence' in answer
}

function fenceOf({ deed, answer }: Event): number {
  if (deed.kind === 'mark') return deed.fence
  return typeof answer === 'object' && 'fence' in answer ? answer.fence : 0
}

function kindOf({ answer }: Event): string | undefined {
  return typeof answer === 'object' && 'kind' in answer ? answer.kind : undefined
}

function isRecorded(event: Event): boolean {
  return event.deed.kind === 'record' && kindOf(event) === 'recorded'
}

function isCancelled(event: Event): boolean {
  return event.deed.kind === 'cancel' && kindOf(event) === 'cancelled'
}

function isPutOff(event: Event): boolean {
  return event.deed.kind === 'reschedule' && event.deed.isLater && kindOf(event) === 'rescheduled'
}

/** What takes the message away, so that the next claim finds another one under its id. */
const ANEW: readonly Deed['kind'][] = ['removeHeld', 'forget']

function isBegunAnew(event: Event): boolean {
  return ANEW.includes(event.deed.kind) || isRecorded(event)
}

function isGivenAnotherTry({ deed, ...event }: Event): boolean {
  const isResent = deed.kind === 'decide' && deed.decision === 'resend'
  return isResent || deed.kind === 'reopen' || isBegunAnew({ deed, ...event })
}

function isPulledForward(event: Event): boolean {
  const { deed } = event
  const isSooner = deed.kind === 'reschedule' && !deed.isLater
  return isSooner || deed.kind === 'reopen' || isBegunAnew(event)
}
