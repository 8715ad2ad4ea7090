import { test, vi } from 'vitest'

import { describeRedis, uniquePrefix } from '../support/redis.ts'
import {
  startScriptedServer,
  STEP_BY_STEP,
  type Script,
  type ScriptedServer,
} from '../support/scripted-server.ts'
import { describeStores, type TestStore } from '../support/stores.ts'
import { openRoom, type Room } from './mail-room.ts'

const TAKEN = '250 2.0.0 taken'
const MAIL_OK = '250 2.1.0 sender ok'
const LATER = '451 4.3.0 not now'
const NEVER = '554 5.3.0 not any more'
const BYE = '421 4.3.2 shutting down'

/** Nobody but the server ends a session, however long a test takes. */
const LASTING = { idle: '1h' }
/** For who waits for a server that says nothing any more; whoever answers has the usual time. */
const UNTIL_SILENT = { ...LASTING, mail: '3s' }

interface Case {
  readonly script: Script
  readonly limits?: Readonly<Record<string, unknown>>
  /** What the server does by itself between the two messages. */
  readonly between?: (server: ScriptedServer) => void
}

/** Where the server has its say once the message is delivered, as one script for each. */
const PLACES = {
  'with its 250': (rude) => ({ script: { DOT: [withTaken(rude), TAKEN] } }),
  'to the next MAIL': (rude) => ({ script: { MAIL: [MAIL_OK, rude, MAIL_OK] } }),
  'to QUIT': (rude) => ({ script: { QUIT: rude }, limits: { messagesPerSession: 1 } }),
} as const satisfies Readonly<Record<string, (rude: Rude) => Case>>

type Rude = string | { readonly say?: string; readonly after: 'close' | 'reset' | 'silence' }

const WAYS: Readonly<Record<string, Rude>> = {
  closes: { after: 'close' },
  resets: { after: 'reset' },
  'says nothing any more': { after: 'silence' },
  'says 421': BYE,
  'says 421 and closes': { say: BYE, after: 'close' },
  'says 451': LATER,
  'says 554': NEVER,
}

/** An answer to the next MAIL that is not the end of the session is about that message. */
const ITS_OWN = ['says 451', 'says 554']

const ROWS = Object.entries(PLACES).flatMap(([where, caseOf]) =>
  Object.entries(WAYS)
    .filter(([way]) => where !== 'to the next MAIL' || !ITS_OWN.includes(way))
    .map(([way, rude]): [way: string, where: string, one: Case] => [way, where, caseOf(rude)]),
)
const UNASKED: typeof ROWS = [
  ['closes', 'unasked', { script: {}, between: (server) => server.closeAll() }],
  ...[BYE, LATER, NEVER, 'what?'].map((text): (typeof ROWS)[number] => [
    `says "${text}"`,
    'unasked',
    { script: {}, between: (server) => server.say(text) },
  ]),
]

const newRedis = (queue: string): TestStore => ({ queue, prefix: uniquePrefix(), schema: 'unused' })

const DELIVERED = {
  state: 'delivered',
  attempts: [{ stage: 'after', code: 250, outcomes: ['delivered'] }],
}
const BOTH = {
  first: DELIVERED,
  second: DELIVERED,
  dots: 2,
  connections: 2,
  isClosed: true,
  doubts: [],
}

describeRedis('a message that was taken', (queue) => {
  test.concurrent.for([...ROWS, ...UNASKED])(
    'is delivered when the server %s %s, and so is the next',
    async (row, { expect }) => {
      expect(await sendTwo(newRedis(queue), row[2])).toEqual(BOTH)
    },
  )

  test.concurrent.for(ROWS.filter(([, where]) => where !== 'to QUIT'))(
    'is so too, step by step, when it %s %s',
    async ([, , one], { expect }) => {
      const oneByOne = { ...one, script: { ...one.script, EHLO: STEP_BY_STEP } }
      expect(await sendTwo(newRedis(queue), oneByOne)).toEqual(BOTH)
    },
  )

  test.concurrent.for([LATER, NEVER])(
    'stays so when the next message is answered "%s"',
    async (text, { expect }) => {
      const { first, second } = await sendTwo(newRedis(queue), {
        script: { MAIL: [MAIL_OK, text, MAIL_OK] },
      })
      expect(first).toEqual(DELIVERED)
      expect(second.attempts[0]).toMatchObject({ stage: 'mail', code: Number(text.slice(0, 3)) })
    },
  )

  test.concurrent.for(['451 4.4.2 idle for too long', NEVER])(
    'leaves the next alone when "%s" comes unasked, and as if to its MAIL',
    async (text, { expect }) => {
      const belated = { script: { MAIL: [MAIL_OK, `${text}\n${MAIL_OK}`, MAIL_OK] } }
      expect(await sendTwo(newRedis(queue), belated)).toEqual(BOTH)
    },
  )

  test.concurrent.for(Object.entries(WAYS))(
    'is delivered when the server %s to the RSET before it',
    async ([, rude], { expect }) => {
      expect(await sendBehindReset(newRedis(queue), rude)).toEqual({
        first: DELIVERED,
        refused: 'refused',
        last: DELIVERED,
        hasReset: true,
        dots: 2,
      })
    },
  )
})

describeStores('a message that was taken by a server that then fails', (place) => {
  test('is delivered, and so is the next', async ({ expect }) => {
    const rude = PLACES['with its 250']({ say: BYE, after: 'reset' })
    expect(await sendTwo(place(), rude)).toEqual(BOTH)
  })
})

const ONE = { sessions: 1 }

/** Two messages through one session, which the server has spoilt between them. */
async function sendTwo(place: TestStore, { script, limits = {}, between }: Case) {
  await using server = await startScriptedServer(script)
  const relay = { port: server.port, timeouts: timeoutsFor(script), limits: { ...ONE, ...limits } }
  await using room = await openRoom(place, relay)
  const first = await sendOne(room)
  if (between) {
    between(server)
    await vi.waitUntil(() => room.told('session-closed').length > 0, 10_000)
  }
  const second = await sendOne(room)
  // What it tells comes behind what it has written down.
  await vi.waitUntil(() => room.told('session-closed').length > 0, 30_000)
  return {
    first: await standingOf(room, first),
    second: await standingOf(room, second),
    dots: server.dots,
    connections: server.connections,
    isClosed: room.told('session-closed').length > 0,
    doubts: [...room.told('uncertain'), ...room.told('parked')],
  }
}

/** A delivered message, a refused one that leaves its transaction open, and one behind a RSET. */
async function sendBehindReset(place: TestStore, rude: Rude) {
  const rcpt = '250 2.1.5 recipient ok'
  await using server = await startScriptedServer({
    RCPT: [rcpt, '550 5.1.1 nobody', rcpt],
    DATA: ['354 go on', '503 5.5.1 nobody', '354 go on'],
    RSET: [rude, '250 2.0.0 forgotten'],
  })
  const relay = { port: server.port, timeouts: timeoutsFor({ RSET: rude }), limits: ONE }
  await using room = await openRoom(place, relay)
  const first = await sendOne(room)
  const refused = await sendOne(room)
  const last = await sendOne(room)
  return {
    first: await standingOf(room, first),
    refused: (await room.mailroom.get(refused))?.state,
    last: await standingOf(room, last),
    hasReset: server.commands.includes('RSET'),
    dots: server.dots,
  }
}

function timeoutsFor(script: Script): Readonly<Record<string, string>> {
  return JSON.stringify(script).includes('"silence"') ? UNTIL_SILENT : LASTING
}

async function sendOne(room: Room): Promise<string> {
  const { id } = await room.send()
  await room.settled(id)
  return id
}

async function standingOf({ mailroom }: Room, id: string) {
  const { entries = [] } = (await mailroom.history(id)) ?? {}
  return {
    state: (await mailroom.get(id))?.state,
    attempts: entries
      .filter((entry) => entry.kind === 'attempt')
      .map(({ stage, code, outcomes }) => ({
        stage,
        code,
        outcomes: outcomes.map(({ state }) => state),
      })),
  }
}

function withTaken(rude: Rude): Rude {
  if (typeof rude === 'string') return `${TAKEN}\n${rude}`
  const { say, after } = rude
  return { say: say === undefined ? TAKEN : `${TAKEN}\n${say}`, after }
}
