/** One program of this folder, as the suite runs it. */
export interface Benchmark {
  /** Its file, without `.ts`. */
  readonly name: string
  /** What it tells, in a line. */
  readonly what: string
  /** Its arguments in a full run. */
  readonly full: readonly string[]
  /** Its arguments in a run of a minute; absent when it cannot be that short. */
  readonly quick?: readonly string[]
}

/** All benchmarks, in the order in which they run. */
export const BENCHMARKS: readonly Benchmark[] = [
  {
    name: 'throughput',
    what: 'messages per second and processor time, beside everybody else who delivers mail',
    full: [],
    quick: ['--count', '600', '--warm-up', '300', '--rounds', '1'],
  },
  {
    name: 'regression',
    what: 'whether a message costs more than it did, beside the plain worker; part of CI',
    full: [],
    quick: ['--count', '500', '--rounds', '1'],
  },
  {
    name: 'enqueue',
    what: 'putting messages into the queue, beside BullMQ alone',
    full: [],
    quick: ['--count', '500', '--rounds', '1'],
  },
  {
    name: 'redis-cost',
    what: "commands, round trips, memory and processor time of Redis, beside the plain worker's",
    full: [],
    quick: ['--count', '500'],
  },
  {
    name: 'postgres-cost',
    what: 'transactions, writes and processor time of Postgres, beside the plain worker on Redis',
    full: [],
    quick: ['--count', '600', '--warm-up', '300', '--rounds', '1'],
  },
  {
    name: 'composing',
    what: "processor time for the bytes of a message, beside nodemailer's",
    full: [],
    quick: ['--rounds', '1', '--ms', '200'],
  },
  {
    name: 'large',
    what: "large attachments: MB per second, processor time and memory, beside nodemailer's pool",
    full: [],
    quick: ['--count', '20', '--megabytes', '5', '--rounds', '1', '--only', 'one'],
  },
  {
    name: 'latency',
    what: 'from a call of send to the answer of the server, on an idle system and under load',
    full: [],
    quick: ['--count', '100', '--rounds', '1'],
  },
  {
    name: 'waiting-bytes',
    what: 'bytes of Redis that a waiting message takes, beside a job of BullMQ alone',
    full: [],
    quick: ['--messages', '50'],
  },
  {
    name: 'ledger-bytes',
    what: 'bytes of the store that the ledger takes for a message',
    full: [],
    quick: ['--messages', '50'],
  },
  {
    name: 'producer-start',
    what: 'from the start of a program to its first message in the queue, beside BullMQ',
    full: [],
    quick: ['--rounds', '2'],
  },
  {
    name: 'growth',
    what: 'whether messages per second and processor time stay the same behind many that wait',
    full: [],
    quick: ['--waiting', '2000', '--count', '500', '--warm-up', '300', '--rounds', '1'],
  },
  {
    name: 'managers',
    what: 'what many managers in one worker cost, with mail and without',
    full: [],
    quick: ['--managers', '50', '--count', '1000', '--warm-up', '1000', '--rounds', '1'],
  },
  {
    name: 'scale-out',
    what: 'processor time per message as workers are added, and what the ledger costs its node',
    full: [],
    quick: ['--workers', '1,2', '--count', '500', '--warm-up', '300', '--rounds', '1'],
  },
  {
    name: 'round-trips',
    what: "messages per second over a link of 50 ms and three sessions, beside nodemailer's pool",
    full: [],
    quick: ['--count', '60', '--rounds', '1'],
  },
  {
    name: 'recovery',
    what: 'how soon mail flows again after the store was killed',
    full: [],
  },
  {
    name: 'accounting',
    what: 'what was lost or sent twice under every kind of harm; half an hour to an hour',
    full: [],
  },
]
