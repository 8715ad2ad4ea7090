import { isDeepStrictEqual } from 'node:util'

import { expect, test } from 'vitest'

import type { Health } from '../../src/fleet/health.ts'
import { HEALTH, openHealthChanges } from '../../src/fleet/health-changes.ts'
import { openRecords } from '../../src/fleet/records.ts'
import type { Store } from '../../src/store/store.ts'
import { describeAllServers } from '../support/stores.ts'
import { join, openPlace, RELAY, type Member } from './open-health.ts'

const OTHER = { ...RELAY, digest: 'd2' }
/** No notice is made up for by looking. */
const RARELY = { everyMs: 3_600_000 }

async function probeOf(health: Health, manager = RELAY): Promise<string> {
  const admission = await health.admit(manager)
  if (admission.kind !== 'probe') throw new Error(`expected a probe, got "${admission.kind}"`)
  return admission.probe
}

async function letIn(health: Health, manager = RELAY): Promise<void> {
  health.report(manager, { kind: 'let-in' }, { probe: await probeOf(health, manager) })
}

function stateOf({ health }: Member, manager = RELAY): string {
  return health.circuit(manager).state
}

function isAsking({ health }: Member): boolean {
  const circuit = health.circuit(RELAY)
  return 'probe' in circuit && circuit.probe !== undefined && circuit.probe.until > Date.now()
}

/** Waits until the store has what this member found. */
async function told({ store, health }: Member, manager = RELAY): Promise<void> {
  const changes = openHealthChanges(store)
  const isTold = async (): Promise<boolean> => {
    const record = (await changes.read([manager.name])).get(manager.name)
    return isDeepStrictEqual(record?.entries[manager.digest]?.circuit, health.circuit(manager))
  }
  await expect.poll(isTold).toBe(true)
}

/** A store that tells nobody of a change. */
function mute(store: Store): Store {
  return { ...store, publish: () => Promise.resolve() }
}

/** A store that can be made to answer nothing any more. */
function failing(): { isAway: boolean; through: (store: Store) => Store } {
  const switched = {
    isAway: false,
    through: (store: Store): Store => ({
      ...store,
      nowMs: () => (switched.isAway ? Promise.reject(new Error('away')) : store.nowMs()),
    }),
  }
  return switched
}

describeAllServers('the health of the fleet', (place) => {
  test('that is found once is told once, whatever was found just before it', async () => {
    await using one = await join(place(), 'one')
    await letIn(one.health)
    await told(one)
    const states: string[] = []
    one.health.onChange((_manager, { state }) => void states.push(state))
    one.health.report(RELAY, { kind: 'suspect', message: 'a' })
    one.health.report(RELAY, { kind: 'fault' })
    await told(one)
    // The store's times are a little different from ours, and no other state comes between.
    expect(states.filter((state, at) => state !== states[at - 1])).toEqual(['closed', 'open'])
  })

  test('of many who ask at once one may, and all hear of its answer', async () => {
    const at = place()
    await using fleet = new AsyncDisposableStack()
    const members: Member[] = []
    for (let n = 0; n < 6; n += 1) members.push(fleet.use(await join(at, `w${n}`, RARELY)))
    const asking = members.flatMap(({ health }) => [health.admit(RELAY), health.admit(RELAY)])
    const admissions = await Promise.all(asking)
    expect(admissions.filter(({ kind }) => kind === 'wait')).toHaveLength(11)
    const at2 = admissions.findIndex(({ kind }) => kind === 'probe')
    const [admission, prober] = [admissions[at2], members[Math.floor(at2 / 2)]]
    if (admission?.kind !== 'probe' || prober === undefined) throw new Error('nobody may ask')

    prober.health.report(RELAY, { kind: 'let-in' }, { probe: admission.probe })
    for (const member of members) await expect.poll(() => stateOf(member)).toBe('closed')
    for (const { health } of members) expect(await health.admit(RELAY)).toEqual({ kind: 'go' })
    expect(members.flatMap(({ faults }) => faults)).toEqual([])
  })

  test('who asks while an answer is on its way to the store does not ask again', async () => {
    const answer = Promise.withResolvers<void>()
    let asked = 0
    const through = (store: Store): Store => ({
      ...store,
      nowMs: async () => {
        asked += 1
        if (asked === 2) await answer.promise
        return store.nowMs()
      },
    })
    await using one = await join(place(), 'one', RARELY, through)
    const [first, second] = [one.health.admit(RELAY), one.health.admit(RELAY)]
    const admission = await first
    if (admission.kind !== 'probe') throw new Error(`expected a probe, got "${admission.kind}"`)
    await expect.poll(() => asked).toBe(2)
    one.health.report(RELAY, { kind: 'fault' }, { probe: admission.probe })
    answer.resolve()
    expect(await second).toMatchObject({ kind: 'wait' })
    expect(stateOf(one)).toBe('open')
    await told(one)
  })

  test('a fault shuts it for everybody, and when its time has come one asks again', async () => {
    const at = place()
    const policy = { firstDelayMs: 300 }
    await using a = await join(at, 'a', { ...RARELY, policy })
    await using b = await join(at, 'b', { ...RARELY, policy })
    const heard: string[] = []
    b.health.onChange(({ name }, { state }) => heard.push(`${name} ${state}`))
    const cause = { reason: 'nobody answers', rule: 'stage.connect.refused' }
    a.health.report(RELAY, { kind: 'fault' }, { probe: await probeOf(a.health), cause })
    expect(stateOf(a)).toBe('open')
    await expect.poll(() => stateOf(b)).toBe('open')
    expect(b.health.found(RELAY)).toEqual(expect.objectContaining({ by: 'a', cause }))
    expect(heard).toContain('relay open')

    const asked: string[] = []
    const askBoth = async (): Promise<number> => {
      const both = await Promise.all([a.health.admit(RELAY), b.health.admit(RELAY)])
      asked.push(...both.map(({ kind }) => kind))
      return asked.filter((kind) => kind === 'probe').length
    }
    await expect.poll(askBoth, { interval: 20 }).toBe(1)
    expect((await b.health.admit(RELAY)).kind).toBe('wait')
    expect((await a.health.admit(RELAY)).kind).toBe('wait')
  })

  test('two workers that were given one name wait for each other as any others do', async () => {
    const at = place()
    await using one = await join(at, 'w', RARELY)
    await using other = await join(at, 'w', RARELY)
    await probeOf(one.health)
    expect((await other.health.admit(RELAY)).kind).toBe('wait')
    expect((await other.health.admit(RELAY)).kind).toBe('wait')
  })

  test('a prober that is gone is succeeded, and what it says later counts for nothing', async () => {
    const at = place()
    await using frozen = await join(at, 'frozen', { ...RARELY, probeMs: 900_000 })
    await using other = await join(at, 'other', RARELY)
    const late = await probeOf(frozen.health)
    await expect.poll(async () => (await other.health.admit(RELAY)).kind).toBe('wait')
    await age(other.store, 900_001)
    await expect.poll(() => isAsking(other)).toBe(false)
    await letIn(other.health)
    await expect.poll(() => stateOf(frozen)).toBe('closed')
    frozen.health.report(RELAY, { kind: 'auth' }, { probe: late })
    expect(stateOf(frozen)).toBe('closed')
    expect(await frozen.health.admit(RELAY)).toEqual({ kind: 'go' })
    expect(stateOf(other)).toBe('closed')
  })

  test('a prober that was called off leaves the question to the next one', async () => {
    const at = place()
    await using a = await join(at, 'a', RARELY)
    await using b = await join(at, 'b', RARELY)
    a.health.report(RELAY, { kind: 'gave-up' }, { probe: await probeOf(a.health) })
    await expect.poll(async () => (await b.health.admit(RELAY)).kind).toBe('probe')
  })

  test('who has an old secret neither shuts nor opens the manager of the new one', async () => {
    const at = place()
    await using old = await join(at, 'old', RARELY)
    await using fresh = await join(at, 'fresh', RARELY)
    fresh.health.follow(OTHER)
    await letIn(fresh.health, OTHER)
    await told(fresh, OTHER)
    old.health.report(RELAY, { kind: 'auth' }, { probe: await probeOf(old.health) })
    await expect.poll(() => stateOf(fresh)).toBe('open')
    expect(stateOf(fresh, OTHER)).toBe('closed')
    expect(fresh.health.parkedSpans('relay')).toEqual([])

    fresh.health.report(OTHER, { kind: 'fault' })
    await expect.poll(() => fresh.health.parkedSpans('relay')).toHaveLength(1)
    await told(old)
    old.health.askAgain(RELAY, await old.store.nowMs())
    await letIn(old.health)
    await expect.poll(() => stateOf(fresh)).toBe('closed')
    expect(stateOf(fresh, OTHER)).toBe('open')
  })

  test('two messages that break sessions of two workers shut it, one that breaks both does not', async () => {
    const at = place()
    await using a = await join(at, 'a', RARELY)
    await using b = await join(at, 'b', RARELY)
    await letIn(a.health)
    await expect.poll(() => stateOf(b)).toBe('closed')
    a.health.report(RELAY, { kind: 'suspect', message: 'm1' })
    await expect.poll(() => b.health.circuit(RELAY)).toEqual({ state: 'closed', suspects: ['m1'] })
    b.health.report(RELAY, { kind: 'suspect', message: 'm1' })
    expect(stateOf(b)).toBe('closed')
    b.health.report(RELAY, { kind: 'works' })
    await expect.poll(() => a.health.circuit(RELAY)).toEqual({ state: 'closed', suspects: [] })
    a.health.report(RELAY, { kind: 'suspect', message: 'm1' })
    await expect.poll(() => b.health.circuit(RELAY)).toMatchObject({ suspects: ['m1'] })
    b.health.report(RELAY, { kind: 'suspect', message: 'm2' })
    await expect.poll(() => stateOf(a)).toBe('open')
  })

  test('while it works nothing asks the store', async () => {
    const switched = failing()
    await using member = await join(place(), 'a', RARELY, switched.through)
    await letIn(member.health)
    await expect.poll(() => openHealthChanges(member.store).all()).not.toEqual(new Map())
    switched.isAway = true
    for (let n = 0; n < 100; n += 1) {
      expect(await member.health.admit(RELAY)).toEqual({ kind: 'go' })
      member.health.report(RELAY, { kind: 'works' })
    }
    expect(member.faults).toEqual([])
  })

  test('while the store is away each process knows what it found, and asks once an interval', async () => {
    const switched = failing()
    await using member = await join(place(), 'a', {}, switched.through)
    switched.isAway = true
    const probe = await probeOf(member.health)
    expect((await member.health.admit(RELAY)).kind).toBe('wait')
    member.health.report(RELAY, { kind: 'auth' }, { probe })
    expect(stateOf(member)).toBe('open')
    expect((await member.health.admit(RELAY)).kind).toBe('wait')
    await expect.poll(() => member.faults).toHaveLength(2)
    switched.isAway = false
    // What the store knows holds again: nobody has asked.
    await expect.poll(async () => (await member.health.admit(RELAY)).kind).toBe('probe')
  })

  test('a notice that was lost is made up for', async () => {
    const at = place()
    await using a = await join(at, 'a', RARELY, mute)
    await using b = await join(at, 'b', { everyMs: 50 })
    a.health.report(RELAY, { kind: 'fault' }, { probe: await probeOf(a.health) })
    await expect.poll(() => stateOf(b)).toBe('open')
  })

  test('a resume has one ask at once, however many hear of it', async () => {
    const at = place()
    await using a = await join(at, 'a', RARELY)
    await using b = await join(at, 'b', RARELY)
    a.health.report(RELAY, { kind: 'auth' }, { probe: await probeOf(a.health) })
    await expect.poll(() => stateOf(b)).toBe('open')
    await told(a)
    const mendedAt = await a.store.nowMs()
    a.health.askAgain(RELAY, mendedAt)
    a.health.report(RELAY, { kind: 'auth' }, { probe: await probeOf(a.health) })
    await expect.poll(() => b.health.circuit(RELAY)).toMatchObject({ failures: 2 })
    b.health.askAgain(RELAY, mendedAt)
    expect((await b.health.admit(RELAY)).kind).toBe('wait')
    expect((await a.health.admit(RELAY)).kind).toBe('wait')
  })

  test('a resume holds for workers that start later', async () => {
    const at = place()
    {
      await using a = await join(at, 'a', RARELY)
      a.health.report(RELAY, { kind: 'auth' }, { probe: await probeOf(a.health) })
    }
    await using operator = await openPlace(at)
    await openHealthChanges(operator).mend('relay')
    await using later = await join(at, 'later', RARELY)
    expect(stateOf(later)).toBe('open')
    expect((await later.health.admit(RELAY)).kind).toBe('probe')
  })

  test('who starts later knows since when mail could not flow, and the spans before', async () => {
    const at = place()
    {
      await using a = await join(at, 'a', RARELY)
      a.health.report(RELAY, { kind: 'auth' }, { probe: await probeOf(a.health) })
      await told(a)
      a.health.askAgain(RELAY, await a.store.nowMs())
      await letIn(a.health)
      a.health.report(RELAY, { kind: 'fault' })
    }
    await using later = await join(at, 'later', RARELY)
    const [first, second, ...others] = later.health.parkedSpans('relay')
    expect(others).toEqual([])
    expect(first?.to).toBeLessThanOrEqual(Number(second?.from))
    expect(stateOf(later)).toBe('open')
  })

  test('what nobody uses is removed', async () => {
    const at = place()
    await using a = await join(at, 'a', RARELY)
    await letIn(a.health)
    await letIn(a.health, OTHER)
    const gone = { name: 'gone', digest: 'd1' }
    await letIn(a.health, gone)
    for (const manager of [RELAY, OTHER, gone]) await told(a, manager)
    const changes = openHealthChanges(a.store)
    await expect.poll(async () => (await changes.all()).size).toBe(2)
    await changes.tidy(3_600_000)
    expect((await changes.all()).size).toBe(2)

    const day = 86_400_001
    const record = await changes.change('relay', (before, now) => ({
      ...before,
      entries: Object.fromEntries(
        Object.entries(before.entries).map(([digest, entry]) => [
          digest,
          digest === 'd1' ? { ...entry, usedAt: now - day } : entry,
        ]),
      ),
    }))
    expect(Object.keys(record.entries).toSorted()).toEqual(['d1', 'd2'])
    await changes.change('gone', (_before, now) => ({
      past: [],
      entries: { d1: { circuit: { state: 'closed', suspects: [] }, usedAt: now - day } },
    }))
    await changes.tidy(3_600_000)
    const left = await changes.all()
    expect([...left.keys()]).toEqual(['relay'])
    expect(Object.keys(left.get('relay')?.entries ?? {})).toEqual(['d2'])
  })

  test('a record that nobody can read costs one login', async () => {
    const at = place()
    await using a = await join(at, 'a', RARELY)
    await openRecords(a.store, 'health').replace('relay', undefined, '{"entries":{"d1":7}}')
    await using b = await join(at, 'b', RARELY)
    await letIn(b.health)
    await expect.poll(() => stateOf(a)).toBe('closed')
    expect([...a.faults, ...b.faults]).toEqual([])
  })
})

/** Has everything in the record of `relay` happened so much earlier. */
async function age(store: Store, ms: number): Promise<void> {
  const records = openRecords(store, 'health')
  const text = (await records.read('relay')) ?? ''
  const older = text.replaceAll(/"until":(\d+)/g, (_all, until) => `"until":${Number(until) - ms}`)
  expect(await records.replace('relay', text, older)).toBe(true)
  await store.publish(HEALTH, 'relay')
}
