import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { expect, test } from 'vitest'

import type { HeldState, Ledger } from '../../src/ledger/ledger.ts'
import { openLedger } from '../../src/ledger/open.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { describeStores, type TestStore } from '../support/stores.ts'
import { castsOf, takeStock } from './model/client.ts'
import type { Event } from './model/deed.ts'
import { isOpen, type World } from './model/message.ts'
import { CONNECTION } from './model/perform.ts'
import { judge, play, type Played } from './model/play.ts'

/** What is wrong names the messages, and these end with the seed that has it again, for one round. */
const SEED = Number(process.env['MODEL_SEED'] ?? 20_261_121)
const ROUNDS = Number(process.env['MODEL_ROUNDS'] ?? 4)
const STEPS = 48
const PROCESSES = ['ann', 'bob', 'cid'] as const

describeStores('a ledger of which everything is asked in any order', (place) => {
  test('answers as its contract has it, one thing after the other', async () => {
    const at = place()
    await using store = await openOne(at)
    await using other = await openOne(at)
    const ledgers = [await openLedger(store), await openLedger(other)] as const
    const options = {
      ledgers,
      seed: SEED,
      rounds: ROUNDS,
      steps: 2 * STEPS,
      inTurns: true,
    } as const
    const { wrongs, messages } = judge(await play(options))
    expect(wrongs).toEqual([])
    await expectIndexed(ledgers[0], messages)
    expect(await fadingOf(at, store, messages)).toEqual([])
  })

  test('forbids the same when its history is evicted', async () => {
    await using store = await openOne(place())
    const ledger = await openLedger(store)
    const evict = (): Promise<unknown> => ledger.evictHistory({ keepForMs: 0, maxBytes: 0 }, 20)
    const played = await play({
      ledgers: [ledger],
      seed: SEED,
      rounds: ROUNDS,
      steps: STEPS,
      inTurns: true,
      meanwhile: evict,
    })
    const guards = played.map(({ cast, events }) => ({
      cast,
      events: events.filter(({ deed }) => deed.kind !== 'history'),
    }))
    expect(judge(guards).wrongs).toEqual([])
  })

  test('answers four clients at once as it could have answered one after the other', async () => {
    const at = place()
    await using store = await openOne(at)
    await using other = await openOne(at)
    const ledgers = [await openLedger(store), await openLedger(other)] as const
    const options = { ledgers, seed: SEED, rounds: ROUNDS, steps: STEPS, inTurns: false } as const
    expect(judge(await play(options)).wrongs).toEqual([])
  })

  test('answers processes of their own as it could have answered one after the other', async () => {
    const at = place()
    await using store = await openOne(at)
    const ledger = await openLedger(store)
    // Its tables are there before they come.
    await ledger.get('nobody')
    const options = { ...at, seed: SEED, rounds: 1, steps: STEPS / PROCESSES.length }
    const logs = await Promise.all(PROCESSES.map((name) => actApart({ ...options, name })))
    const events = logs.flat()
    const casts = Array.from({ length: options.rounds }, (_, nth) => castsOf(SEED + nth)).flat()
    const played: Played[] = []
    for (const cast of casts) {
      const mine = events.filter(({ deed }) => cast.ids.includes(deed.id))
      played.push({ cast, events: [...mine, ...(await takeStock(ledger, cast))] })
    }
    expect(judge(played).wrongs).toEqual([])
  })
})

function openOne(at: TestStore): Promise<Store> {
  return openStore(at.queue, { patience: 'wait', ...at })
}

async function actApart(options: object): Promise<readonly Event[]> {
  const program = join(import.meta.dirname, 'programs/act.ts')
  const args = [program, JSON.stringify(options)]
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 64_000_000 })
  return JSON.parse(stdout) as readonly Event[]
}

/** What waits for a person or for its plan, and what is not at its end, is found without its id. */
async function expectIndexed(ledger: Ledger, messages: World['messages']): Promise<void> {
  const idsOf = (isMeant: (message: World['messages'][string]) => boolean): readonly string[] =>
    Object.entries(messages)
      .filter(([, message]) => isMeant(message))
      .map(([id]) => id)
      .toSorted()
  const held: readonly HeldState[] = ['uncertain', 'refused', 'expired']
  const counts = await ledger.countHeld(CONNECTION)
  for (const state of held) {
    const ids = idsOf((message) => message.state === state)
    const { records } = await ledger.list({ state, limit: 1000 })
    expect(records.map(({ id }) => id).toSorted()).toEqual(ids)
    expect(counts[state]).toBe(ids.length)
  }
  const due = await ledger.dueUncertain(0, 1000)
  expect(due.map(({ id }) => id).toSorted()).toEqual(idsOf(({ plan }) => plan?.isDue === true))
  const open = new Set<string>()
  let cursor: string | undefined
  do {
    const page = await ledger.pageOpen({ untouchedForMs: 0, ...(cursor && { cursor }) })
    for (const { id } of page.records) open.add(id)
    cursor = page.cursor
  } while (cursor !== undefined)
  expect([...open].toSorted()).toEqual(idsOf(isOpen))
}

/** Only what is delivered, cancelled or superseded goes by itself, where that is the store's to do. */
async function fadingOf(
  { prefix }: TestStore,
  store: Store,
  messages: World['messages'],
): Promise<readonly string[]> {
  if (store.kind !== 'redis') return []
  const wrong: string[] = []
  for (const [id, { state }] of Object.entries(messages)) {
    const fades = (await store.client.pttl(`${prefix}-ledger:${id}`)) > 0
    if (fades !== ['delivered', 'cancelled', 'superseded'].includes(state)) wrong.push(id)
  }
  return wrong
}
