import type { Session } from '../connections/session.ts'
import { parseJob } from '../job/parse-job.ts'
import type { SendMailJob } from '../job/send-mail.ts'
import { RecordUnreadableError } from '../ledger/errors.ts'
import type { Ending, TakenJob } from '../queue/queues.ts'
import { isAble } from './able.ts'
import { attempt, type Elsewhere } from './attempt.ts'
import { openDoor, type Offered } from './door.ts'
import type { Flow } from './flow.ts'
import type { Place } from './free-line.ts'
import type { Junction } from './junction.ts'
import { rejectJob } from './reject-job.ts'
import type { Turn } from './running.ts'
import { enterBehind, offerBehind, type Spot } from './spot.ts'

/** What comes back without a fault of the message waits this long, so that nothing spins. */
const BREATH_MS = 1_000
/** How often it is looked whether somebody has put an unreadable record right. */
const UNREADABLE_AGAIN_MS = 60_000

/**
 * Runs one job: reads it, opens or borrows a session, and tries to deliver.
 *
 * A message whose record cannot be read is left alone, and its job stays until somebody has put the
 * record right.
 */
export async function runJob(
  taken: TakenJob,
  junction: Junction,
  onStoreFault: (error: unknown) => void,
  signal: AbortSignal,
): Promise<Ending> {
  try {
    return await run(taken, junction, signal)
  } catch (error) {
    if (!(error instanceof RecordUnreadableError)) throw error
    onStoreFault(error)
    return { kind: 'later', delayMs: UNREADABLE_AGAIN_MS }
  }
}

async function run(taken: TakenJob, junction: Junction, signal: AbortSignal): Promise<Ending> {
  if (junction.isShut || signal.aborted) return BACK
  const { flows } = junction
  const parsed = parseJob(taken.data)
  if (parsed.kind === 'unreadable') return rejectJob(taken.id, parsed, junction.context)

  let before: Flow | undefined
  const unable: Flow[] = []
  let mayPassOver = flows.length > 1
  // Once more than there are ways: only when it was claimed is it known that it has no choice. And as
  // often again: only when it is said what a server offers is it known that it is none.
  for (let ways = flows.length * 2 + 1; ways > 0; ways -= 1) {
    if (flows.length === 1 && before === flows[0]) return BACK
    const chosen = await flowFor(parsed.job, junction, signal)
    if ('kind' in chosen) return chosen
    const { flow } = chosen
    using place = chosen.place
    if (flow === before) return BACK
    before = flow
    const spot = place?.spot
    const ending = await flow.running.count((turn) => {
      if (spot === undefined) place?.[Symbol.dispose]()
      return runOn(flow, parsed.job, junction, { mayPassOver, turn, spot }, signal)
    }, spot?.turn)
    if (ending?.kind === 'unable') {
      unable.push(flow)
      mayPassOver = junction.passOver(parsed.job, unable)
      before = undefined
    } else if (ending?.kind === 'elsewhere') {
      junction.bind(taken.id, ending.manager)
      before = undefined
    } else if (ending !== undefined) {
      junction.bind(taken.id, undefined)
      return ending
    }
    if (signal.aborted) return BACK
  }
  return BACK
}

/** How long a job waits for the place behind a message. */
const FOLLOW_MS = 1_000
const BACK: Ending = { kind: 'back' }
const LATER: Ending = { kind: 'later', delayMs: BREATH_MS }

/** A way, and the free session that is kept for a message until its delivery runs. */
interface Chosen {
  readonly flow: Flow
  /** Absent where there is no choice, or no way had one in time: it waits for its turn there. */
  readonly place: Place<Spot> | undefined
}

/**
 * The way that a message takes now. For a session of it that is free it waits a moment: a member that
 * was spare until now gets its sessions soon, and one whose turn it is has carried another message.
 */
async function flowFor(
  job: SendMailJob,
  junction: Junction,
  signal: AbortSignal,
): Promise<Chosen | Ending> {
  let before: Flow | undefined
  for (const _way of junction.flows) {
    const flow = junction.choose(job)
    // Others can be sent meanwhile, but this one cannot.
    if (flow === undefined) return junction.isShut ? BACK : LATER
    if (junction.flows.length === 1) return onlyFlow(flow, job, junction, signal)
    if (flow === before) break
    before = flow
    const place = await flow.capacity.free(BREATH_MS, signal)
    if (place !== undefined) return { flow, place }
    if (signal.aborted) return BACK
  }
  if (before === undefined || before.capacity.sessions === 0) return LATER
  return { flow: before, place: undefined }
}

/**
 * The only way of a name. Of more jobs than there are sessions some wait here, for a session or for the
 * place behind a message; when neither comes soon, others may have them.
 */
async function onlyFlow(
  flow: Flow,
  job: SendMailJob,
  junction: Junction,
  signal: AbortSignal,
): Promise<Chosen | Ending> {
  const { tap, capacity, way } = flow
  if (!tap.isFollowed || capacity.sessions === 0) return { flow, place: undefined }
  const place = await capacity.free(FOLLOW_MS, signal)
  if (place !== undefined) return { flow, place }
  if (!signal.aborted && !capacity.isClosed) return LATER
  // The name leads elsewhere since.
  if (!signal.aborted && !junction.flows.includes(flow)) return flowFor(job, junction, signal)
  way.context.emit({ event: 'handed-back', id: job.id, connection: way.context.connection })
  return BACK
}

/** The server of this way lacks what the message needs, and another one may have it. */
interface Unable {
  readonly kind: 'unable'
}

/** How a message comes to a way. */
interface Coming {
  readonly mayPassOver: boolean
  readonly turn: Turn
  /** Behind which message, if it is to follow one. */
  readonly spot: Spot | undefined
}

/** Tries one way; undefined when it is shut or has no turn soon, and nothing was handed over. */
async function runOn(
  flow: Flow,
  job: SendMailJob,
  junction: Junction,
  { mayPassOver, turn, spot }: Coming,
  signal: AbortSignal,
): Promise<Ending | Elsewhere | Unable | undefined> {
  const { way, parking, capacity, pacing, share } = flow
  const { entered, gate, context } = spot ? enterBehind(spot) : await way.enter(signal)
  switch (entered.kind) {
    case 'shut': {
      const circuit = context.health.circuit(gate.key)
      if (circuit.state === 'closed') return LATER
      parking.park(circuit)
      junction.review()
      return undefined
    }
    case 'given-up':
      context.emit({ event: 'handed-back', id: job.id, connection: context.connection })
      return BACK
    case 'crowded':
      capacity.crowded(entered.open)
      return LATER
    case 'session': {
      const offer = (session: Session): Offered | undefined =>
        offerBehind(flow, { gate, context }, session, turn)
      using door = openDoor(gate, entered.session, { turn, offer }, signal)
      if (mayPassOver && !isAble(door.session.server, context.manager, job)) {
        return { kind: 'unable' }
      }
      using place = await share.enter(signal)
      if (place === undefined) return BACK
      // Last of all: a turn that is used late comes in a crowd with those after it.
      const slot = await pacing.take(job.envelope.to.length, signal)
      // Another member may have its turn sooner.
      if (slot.kind !== 'go') return undefined
      return await attempt(job, door, junction.contextFor(context, job), signal)
    }
  }
}
