import { expect, test } from 'vitest'

import { createMailroom } from '../../src/index.ts'
import type { Mailroom, MailroomConfig, SendMail, WorkerEvent } from '../../src/index.ts'
import { describeRedis, uniquePrefix } from '../support/redis.ts'
import { startSmtpServer, type TestSmtpServer } from '../support/smtp-server.ts'
import { describeServers, type TestStore } from '../support/stores.ts'
import { startWorkerProcess, type WorkerProcess } from '../support/worker-process.ts'
import { FAST, openRoom } from './mail-room.ts'

const WORKERS = 3
/** Three processes start at once, perhaps on a machine that has much else to do. */
const PATIENT = { timeout: 60_000 }
const VERY_PATIENT_MS = 120_000
/** An answer that does not come is the message's misfortune here, and says nothing of its member. */
const HOOKS = {
  ...FAST,
  names: ['out'],
  leaseMs: 3_000,
  circuit: { ...FAST.circuit, suspectsToOpen: 1_000 },
}
/** The server stops in the midst of the load, and before anything was sent again that often. */
const STOPS_AT = 30
const RESENT: SendMail['options'] = { uncertain: { policy: 'resend', atMost: 10 } }

type Server = Pick<TestSmtpServer, 'port' | 'mails'>

const at = ({ port }: Server) => ({
  server: '127.0.0.1',
  port,
  tls: 'none' as const,
  limits: { sessions: 6 },
  timeouts: { dot: '2s' },
})

/** A server that keeps messages with `doubt` in their subject and never says so. */
async function startSwallowing(): Promise<TestSmtpServer & { readonly enough: Promise<void> }> {
  const enough = Promise.withResolvers<void>()
  let count = 0
  const server = await startSmtpServer({
    beforeReply: ({ body }) => {
      count += 1
      if (count === STOPS_AT) enough.resolve()
      return body.includes('Subject: doubt') ? new Promise(() => {}) : Promise.resolve()
    },
  })
  return Object.assign(server, { enough: enough.promise })
}

async function startFleet(config: MailroomConfig, stack: AsyncDisposableStack, hooks = {}) {
  const fleet = Array.from({ length: WORKERS }, () =>
    stack.use(startWorkerProcess(config, { ...HOOKS, ...hooks })),
  )
  const count = (kind: WorkerEvent['event']): readonly number[] =>
    fleet.map(({ events }: WorkerProcess) => events.filter(({ event }) => event === kind).length)
  await expect.poll(() => count('worker-started'), PATIENT).toEqual([1, 1, 1])
  return { count }
}

/** Sends so many, and gives their ids by their subjects, which are told apart by `kind`. */
async function send(
  mailroom: Mailroom,
  kind: string,
  count: number,
  options: SendMail['options'] = {},
): Promise<ReadonlyMap<string, string>> {
  const people = { from: 'app@example.com', to: 'ann@example.org', text: 'Hello' }
  const sent = new Map<string, string>()
  while (sent.size < count) {
    const message = { ...people, subject: `${kind} ${sent.size}.` }
    const { id } = await mailroom.send({ connection: 'out', message, options })
    sent.set(message.subject, id)
  }
  return sent
}

async function fatesOf(mailroom: Mailroom, sent: ReadonlyMap<string, string>) {
  const fates = await Promise.all(
    [...sent].map(async ([subject, id]) => {
      const { state } = await mailroom.untilSettled(id, { timeoutMs: 60_000 })
      return [subject, state] as const
    }),
  )
  return new Map(fates)
}

/** How often a server has a message of each subject. */
function copiesIn({ mails }: Server): ReadonlyMap<string, number> {
  const copies = new Map<string, number>()
  for (const { body } of mails) {
    const [, subject = ''] = /^Subject: (.*?)\r$/m.exec(body.toString()) ?? []
    copies.set(subject, (copies.get(subject) ?? 0) + 1)
  }
  return copies
}

describeServers('a failover group that three processes serve', (place) => {
  test(
    'goes to the second member and back in all of them, without a copy of what may have been sent',
    async () => {
      await using stack = new AsyncDisposableStack()
      const first = await startSwallowing()
      await using backup = await startSmtpServer()
      const connections = { relay: at(first), backup: at(backup) }
      const config = { ...place(), connections, groups: { out: 'failover:relay,backup' } }
      await using mailroom = createMailroom(config)
      const { count } = await startFleet(config, stack)

      const held = await send(mailroom, 'doubt held', 4)
      const resent = await send(mailroom, 'doubt resent', 4, RESENT)
      const sending = send(mailroom, 'early', 60)
      await first.enough
      await first[Symbol.asyncDispose]()
      const early = await sending
      await expect.poll(() => count('failed-over'), PATIENT).toEqual([1, 1, 1])
      const fates = await fatesOf(mailroom, new Map([...held, ...early]))
      const late = await send(mailroom, 'late', 20)
      expect(new Set((await fatesOf(mailroom, late)).values())).toEqual(new Set(['delivered']))
      expect([...copiesIn(backup).keys()]).toEqual(expect.arrayContaining([...late.keys()]))
      for (const id of resent.values()) {
        expect(['delivered', 'refused']).not.toContain((await mailroom.get(id))?.state)
      }

      const before = backup.mails.length
      await using second = await startSmtpServer({ port: first.port })
      await expect.poll(() => count('failed-back'), PATIENT).toEqual([1, 1, 1])
      const again = await send(mailroom, 'again', 20)
      const all = await fatesOf(mailroom, new Map([...resent, ...again]))
      expect(new Set(all.values())).toEqual(new Set(['delivered']))
      expect(second.mails).toHaveLength(resent.size + again.size)
      expect(backup.mails).toHaveLength(before)
      expect([count('failed-over'), count('failed-back')]).toEqual([
        [1, 1, 1],
        [1, 1, 1],
      ])

      const [had, spare] = [copiesIn(first), copiesIn(backup)]
      expect([...held.keys(), ...resent.keys()].filter((subject) => spare.has(subject))).toEqual([])
      expect([...held.keys()].map((subject) => fates.get(subject))).toEqual(
        [...held.keys()].map(() => 'uncertain'),
      )
      const isAmiss = (subject: string): boolean => {
        const copies = (had.get(subject) ?? 0) + (spare.get(subject) ?? 0)
        if (fates.get(subject) === 'delivered') return copies !== 1
        // What was cut off behind its final dot is held, and perhaps nobody has it.
        return fates.get(subject) !== 'uncertain' || spare.has(subject)
      }
      expect([...early.keys()].filter(isAmiss)).toEqual([])
    },
    VERY_PATIENT_MS,
  )
})

describeRedis('a weighted group', (queue) => {
  const place = (): TestStore => ({ queue, prefix: uniquePrefix(), schema: 'unused' })

  test(
    'has the share of its weights in all processes together, and none has one of its own',
    async () => {
      await using stack = new AsyncDisposableStack()
      await using big = await startSmtpServer()
      await using small = await startSmtpServer()
      const limits = { sessions: 60 }
      const connections = { big: { ...at(big), limits }, small: { ...at(small), limits } }
      const config = { ...place(), connections, groups: { out: 'weighted:big=3,small=1' } }
      await using mailroom = createMailroom(config)
      // Never as many deliveries as sessions: nothing but turns decides.
      await startFleet(config, stack, { maxInFlight: 3 })
      await fatesOf(mailroom, await send(mailroom, 'weighted', 400))
      const shares = [big.mails.length, small.mails.length] as const
      expect(shares[0] + shares[1]).toBe(400)
      // Each is less than one message away from its own share.
      expect(Math.abs(shares[1] - 100)).toBeLessThan(WORKERS)
    },
    VERY_PATIENT_MS,
  )

  test('gives four workers their first messages as it would give them to one', async () => {
    await using big = await startSmtpServer()
    await using small = await startSmtpServer()
    const store = place()
    const others = { big: at(big), small: at(small) }
    const groups = { out: 'weighted:big=3,small=1' }
    for (let nth = 0; nth < 4; nth += 1) {
      await using room = await openRoom(store, {}, { others, groups, names: ['out'] })
      const { id } = await room.send()
      expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
    }
    expect([big.mails.length, small.mails.length]).toEqual([3, 1])
  })

  test('waits for the one whose turn it is while its sessions are busy, and passes over who is stuck', async () => {
    const stuck = Promise.withResolvers<void>()
    await using big = await startSmtpServer({ beforeReply: () => stuck.promise })
    await using small = await startSmtpServer()
    const limits = { sessions: 1 }
    const others = { big: { ...at(big), limits }, small: { ...at(small), limits } }
    const groups = { out: 'weighted:big=3,small=1' }
    const timeouts = { dot: '1m' }
    const patient = { ...others, big: { ...others.big, timeouts } }
    await using room = await openRoom(place(), {}, { others: patient, groups, names: ['out'] })
    for (let sent = 0; sent < 12; sent += 1) await room.send()
    await expect.poll(() => small.mails.length, { timeout: 20_000 }).toBe(11)
    expect(big.mails).toHaveLength(1)
    stuck.resolve()
    await expect.poll(() => room.told('delivered')).toHaveLength(12)
    for (let sent = 0; sent < 4; sent += 1) {
      const { id } = await room.send()
      await room.settled(id)
    }
    expect([big.mails.length, small.mails.length]).toEqual([4, 12])
  })
})
