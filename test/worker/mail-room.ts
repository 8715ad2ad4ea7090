import { createMailroom, createWorker } from '../../src/index.ts'
import type {
  Mailroom,
  MailroomConfig,
  MessageRecord,
  SendMail,
  Worker,
  WorkerEvent,
} from '../../src/index.ts'
import type { TestStore } from '../support/stores.ts'

type Definition = MailroomConfig['connections']
type Hooks = Exclude<Parameters<typeof createWorker>[1], undefined>

/** A producer and a worker on one store, with everything that the worker told. */
export interface Room extends AsyncDisposable {
  readonly mailroom: Mailroom
  readonly worker: Worker
  readonly events: readonly WorkerEvent[]
  /** Sends with sensible values for what the test does not care about. */
  send(
    message?: Partial<SendMail['message']>,
    options?: SendMail['options'],
  ): Promise<{ readonly id: string; readonly isNew: boolean }>
  settled(id: string): Promise<MessageRecord>
  /** The events of one kind. */
  told<Kind extends WorkerEvent['event']>(
    kind: Kind,
  ): readonly Extract<WorkerEvent, { event: Kind }>[]
}

/** Short enough for tests, in the proportions of the defaults. */
export const FAST: Hooks = {
  retry: { firstDelayMs: 50, maxDelayMs: 200 },
  circuit: { firstDelayMs: 50, maxDelayMs: 100, authDelayMs: 60_000 },
  lockMs: 2_000,
  stalledCheckMs: 300,
  secretsEveryMs: 50,
}

interface RoomOptions {
  /** Whether the worker is started; it is by default. */
  readonly starts?: boolean
  /** Connection managers besides `relay`. */
  readonly others?: Readonly<Record<string, unknown>>
  /** Groups of connection managers; the mail goes to the first one, if there is one. */
  readonly groups?: Readonly<Record<string, unknown>>
}

const LOOPBACK = { server: '127.0.0.1', tls: 'none' }

/** Opens both; the worker takes jobs of `relay` unless told not to start. */
export async function openRoom(
  store: TestStore,
  relay: Readonly<Record<string, unknown>>,
  { starts = true, others = {}, groups = {}, ...hooks }: Hooks & RoomOptions = {},
): Promise<Room> {
  const connections = { ...others, relay: { ...LOOPBACK, ...relay } } as Definition
  const [connection = 'relay'] = Object.keys(groups)
  const config = { ...store, connections, groups: groups as MailroomConfig['groups'] & object }
  const events: WorkerEvent[] = []
  const mailroom: Mailroom = createMailroom(config)
  const worker = createWorker(config, { ...FAST, ...hooks, emit: (event) => events.push(event) })
  if (starts) await worker.start()
  return {
    mailroom,
    worker,
    events,
    send: (message = {}, options = {}) =>
      mailroom.send({
        connection,
        message: {
          from: 'app@example.com',
          to: 'ann@example.org',
          subject: 'Hello',
          text: 'It works.',
          ...message,
        },
        options,
      }),
    settled: (id) => mailroom.untilSettled(id, { timeoutMs: 60_000 }),
    told: (kind) => events.filter((event) => event.event === kind) as never,
    [Symbol.asyncDispose]: async () => {
      await worker.stop(5_000, 1_000)
      await mailroom.close()
    },
  }
}
