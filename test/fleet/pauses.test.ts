import { expect, test } from 'vitest'

import {
  NEVER_PAUSED,
  paused,
  pausedMsSince,
  resumed,
  type ManagerPauses,
} from '../../src/fleet/manager-pauses.ts'
import { watchPauses, type PauseWatch } from '../../src/fleet/pause-watch.ts'
import { openPauses, type Pauses } from '../../src/fleet/pauses.ts'
import { msCovered } from '../../src/fleet/spans.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { describeAllServers, type TestStore } from '../support/stores.ts'

const NASTY = [
  'relay',
  'Relay',
  'a:b',
  '"; drop table fleet_pause; --',
  '关'.repeat(128),
  'ü',
  'u\u0308',
]

interface Open extends AsyncDisposable {
  readonly store: Store
  readonly pauses: Pauses
}

async function open({ queue, prefix, schema }: TestStore): Promise<Open> {
  const store = await openStore(queue, {
    patience: 'wait',
    prefix,
    schema,
    allowUnsafeStore: true,
    migrate: true,
  })
  return { store, pauses: openPauses(store), [Symbol.asyncDispose]: () => store.close() }
}

function unexpected(error: unknown): never {
  throw error
}

function watch({ store, pauses }: Open, everyMs?: number): Promise<PauseWatch> {
  return watchPauses(store, pauses, { onFault: unexpected, ...(everyMs && { everyMs }) })
}

describeAllServers('pauses', (place) => {
  test('nothing is paused at first', async () => {
    await using fleet = await open(place())
    await using known = await watch(fleet)
    expect(await fleet.pauses.list()).toEqual(new Map())
    expect(known.of('relay')).toEqual(NEVER_PAUSED)
  })

  test('a pause has its reason and the time of the store, and outlives who made it', async () => {
    const at = place()
    await using other = await open(at)
    const before = await other.store.nowMs()
    {
      await using fleet = await open(at)
      await fleet.pauses.pause('relay', 'moves to another rack')
    }
    const after = await other.store.nowMs()
    const { current } = (await other.pauses.list()).get('relay') ?? NEVER_PAUSED
    expect(current?.reason).toBe('moves to another rack')
    expect(current?.since).toBeGreaterThanOrEqual(Math.floor(before))
    expect(current?.since).toBeLessThanOrEqual(Math.ceil(after))
  })

  test('a second pause keeps the beginning, and the reason unless it brings another', async () => {
    await using fleet = await open(place())
    const first = await fleet.pauses.pause('relay', 'rack')
    expect(await fleet.pauses.pause('relay')).toEqual(first)
    const { current } = await fleet.pauses.pause('relay', 'quota')
    expect(current).toEqual({ since: first.current?.since, reason: 'quota' })
  })

  test('a resume tells since when it was paused, and that it was not', async () => {
    await using fleet = await open(place())
    const { current } = await fleet.pauses.pause('relay', 'rack')
    expect(await fleet.pauses.resume('relay')).toEqual(current)
    expect(await fleet.pauses.resume('relay')).toBeUndefined()
    expect((await fleet.pauses.list()).get('relay')).toEqual({
      past: [{ from: current?.since, to: expect.any(Number) }],
      resumedAt: expect.any(Number),
    })
  })

  test('names stay what they are', async () => {
    await using fleet = await open(place())
    for (const name of NASTY) await fleet.pauses.pause(name)
    expect(new Set((await fleet.pauses.list()).keys())).toEqual(new Set(NASTY))
  })

  test('of many who pause and resume at once each is counted', async () => {
    const at = place()
    await using fleet = await open(at)
    await using other = await open(at)
    await Promise.all(
      Array.from({ length: 10 }, async (_, index) => {
        const { pauses } = index % 2 === 0 ? fleet : other
        await pauses.pause('relay')
        await pauses.resume('relay')
      }),
    )
    const relay = (await fleet.pauses.list()).get('relay')
    expect(relay?.current).toBeUndefined()
    expect(relay?.past.length).toBeGreaterThan(0)
  })

  test('everybody who watches hears of a pause and of its end', async () => {
    const at = place()
    await using operator = await open(at)
    await using worker = await open(at)
    await using known = await watch(worker, 3_600_000)
    const heard: [string, ManagerPauses][] = []
    known.onChange((...change) => heard.push(change))
    await operator.pauses.pause('relay', 'rack')
    await expect.poll(() => known.of('relay').current).toMatchObject({ reason: 'rack' })
    await operator.pauses.resume('relay')
    await expect.poll(() => known.of('relay')).toMatchObject({ resumedAt: expect.any(Number) })
    expect(heard.map(([manager, { current }]) => [manager, current?.reason])).toEqual([
      ['relay', 'rack'],
      ['relay', undefined],
    ])
    expect(known.of('bulk')).toEqual(NEVER_PAUSED)
  })

  test('a resume of what is not paused is heard as well', async () => {
    await using fleet = await open(place())
    await using known = await watch(fleet, 3_600_000)
    const heard: string[] = []
    known.onChange((manager) => heard.push(manager))
    await fleet.pauses.resume('relay')
    await expect.poll(() => heard).toEqual(['relay'])
  })

  test('a notice that was lost is made up for', async () => {
    await using fleet = await open(place())
    await using known = await watch(fleet, 50)
    const mute = openPauses({ ...fleet.store, publish: () => Promise.resolve() })
    await mute.pause('relay')
    await expect.poll(() => known.of('relay').current).toBeDefined()
  })

  test('a record that nobody can read stops its readers, until an operator resumes', async () => {
    await using fleet = await open(place())
    await fleet.pauses.pause('relay')
    await overwrite(fleet.store, 'relay', '{"current":true}')
    await expect(fleet.pauses.list()).rejects.toMatchObject({ code: 'PAUSE_UNREADABLE' })
    await fleet.pauses.resume('relay')
    expect((await fleet.pauses.list()).get('relay')?.current).toBeUndefined()
  })
})

async function overwrite(store: Store, manager: string, record: string): Promise<void> {
  if (store.kind === 'redis')
    await store.client.hset(`${store.prefix}-fleet:pauses`, manager, record)
  else
    await store.pool.query('update fleet_pause set record = $2 where manager = $1', [
      manager,
      record,
    ])
}

test('messages do not age by what is paused, however often', () => {
  const once = resumed(paused(NEVER_PAUSED, 'rack', 1_000), 1_500)
  const now = paused(once, undefined, 2_000)
  expect(pausedMsSince(once, 0, 9_000)).toBe(500)
  expect(pausedMsSince(now, 0, 2_250)).toBe(750)
  expect(pausedMsSince(now, 1_200, 2_250)).toBe(550)
  expect(pausedMsSince(now, 3_000, 2_250)).toBe(0)
})

test('of many pauses the oldest are joined', () => {
  let pauses: ManagerPauses = NEVER_PAUSED
  for (let at = 0; at < 600; at += 2) pauses = resumed(paused(pauses, undefined, at), at + 1)
  expect(pauses.past).toHaveLength(200)
  expect(pauses.past[0]?.from).toBe(0)
  expect(pauses.past.at(-1)).toEqual({ from: 598, to: 599 })
})

test.for<[spans: [number, number][], since: number, ms: number]>([
  [[], 0, 0],
  [[[1, 3]], 0, 2],
  [[[1, 3]], 2, 1],
  [[[1, 3]], 5, 0],
  [
    [
      [5, 9],
      [1, 6],
    ],
    0,
    8,
  ],
  [
    [
      [1, 9],
      [2, 3],
      [8, 10],
    ],
    0,
    9,
  ],
])('spans %j cover after %i ms in all %i ms', ([spans, since, ms]) => {
  expect(
    msCovered(
      spans.map(([from, to]) => ({ from, to })),
      since,
    ),
  ).toBe(ms)
})
