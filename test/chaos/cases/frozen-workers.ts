import { STORES } from '../chaos-store.ts'
import { LOCK_MS, STALLED_CHECK_MS, type Machine } from '../machine.ts'
import type { ChaosCase, DriveOptions } from '../run-case.ts'

/** Long, so that a worker that wakes up finds its answers and not its time-outs. */
const PATIENT = Object.fromEntries(
  ['greeting', 'ehlo', 'auth', 'mail', 'rcpt', 'data', 'body'].map((step) => [step, '30s']),
)

/** One for every point at which a conversation waits. */
const SESSIONS = 5

/** Others take its messages meanwhile, and it must not send them when it wakes up. */
export const FROZEN_WORKERS: ChaosCase = {
  name: 'worker frozen for longer than its lock',
  stores: STORES,
  relay: { timeouts: { ...PATIENT, dot: '6s' }, limits: { sessions: SESSIONS } },
  drive: freeze,
}

/** Here it also wakes up too late for the answers to its final dots. */
export const FROZEN_PAST_DOT: ChaosCase = {
  name: "worker frozen for longer than the dot's time-out",
  stores: STORES,
  fate: 'in doubt',
  relay: { timeouts: { ...PATIENT, dot: '1s' }, limits: { sessions: SESSIONS } },
  drive: freeze,
}

const POINTS = ['mail', 'rcpt', 'data', 'body', 'dot'] as const
const FREEZE_MS = LOCK_MS + 4 * STALLED_CHECK_MS

/** The server answers while the worker is frozen: whatever it waits for is there when it wakes up. */
async function freeze(machine: Machine, { times }: DriveOptions): Promise<number> {
  const { server, worker, rest, over } = machine
  server.answerAfter(SLOW_MS)
  let freezes = 0
  for (let turn = 0; turn < times; turn += 1) {
    const reached = await Promise.all(POINTS.map((at) => server.reached(at, over)))
    const halted = reached.filter((one) => one !== undefined)
    const frozen = worker(halted[turn % halted.length]?.client)
    frozen?.freeze()
    for (const one of halted) server.goOn(one, true)
    if (frozen === undefined) break
    await rest(FREEZE_MS)
    frozen.thaw()
    freezes += 1
  }
  server.answerAfter(0)
  return freezes
}

/** So that mail is left for the last one. */
const SLOW_MS = 400
