import { parseJob } from '../job/parse-job.ts'
import { RecordUnreadableError } from '../ledger/errors.ts'
import type { Ending, TakenJob } from '../queue/queues.ts'
import { attempt } from './attempt.ts'
import { openDoor } from './door.ts'
import type { Flow } from './flow.ts'
import { rejectJob } from './reject-job.ts'

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
export async function runJob(taken: TakenJob, flow: Flow, signal: AbortSignal): Promise<Ending> {
  try {
    return await run(taken, flow, signal)
  } catch (error) {
    if (!(error instanceof RecordUnreadableError)) throw error
    flow.way.context.onStoreFault(error)
    return { kind: 'later', delayMs: UNREADABLE_AGAIN_MS }
  }
}

async function run(
  taken: TakenJob,
  { way, parking, capacity, pacing, pause }: Flow,
  signal: AbortSignal,
): Promise<Ending> {
  if (parking.isParked || pause.isOn || signal.aborted) return { kind: 'back' }
  const parsed = parseJob(taken.data)
  if (parsed.kind === 'unreadable') return rejectJob(taken.id, parsed, way.context)

  const { entered, gate, context } = await way.enter(signal)
  switch (entered.kind) {
    case 'shut': {
      const circuit = context.health.circuit(gate.key)
      if (circuit.state === 'closed') return { kind: 'later', delayMs: BREATH_MS }
      parking.park(circuit)
      return { kind: 'back' }
    }
    case 'given-up':
      context.emit({ event: 'handed-back', id: taken.id, connection: context.connection })
      return { kind: 'back' }
    case 'crowded':
      capacity.crowded(entered.open)
      return { kind: 'later', delayMs: BREATH_MS }
    case 'session': {
      using door = openDoor(gate, entered.session, signal)
      const slot = await pacing.take(parsed.job.envelope.to.length, signal)
      if (slot.kind !== 'go') return { kind: 'back' }
      return await attempt(parsed.job, door, context, signal)
    }
  }
}
