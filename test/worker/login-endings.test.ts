import { expect, test } from 'vitest'

import { openHealthChanges } from '../../src/fleet/health-changes.ts'
import { openStore } from '../../src/store/open.ts'
import { freePort } from '../support/free-port.ts'
import { describeRedis, uniquePrefix } from '../support/redis.ts'
import { startScriptedServer, type Script } from '../support/scripted-server.ts'
import { describeStores } from '../support/stores.ts'
import { openRoom } from './mail-room.ts'

const silence = { after: 'silence' } as const
const reset = { after: 'reset' } as const
const CLOSED = 'closed: the server closed the connection'
const LOGIN = { EHLO: '250-scripted\n250 AUTH PLAIN LOGIN' }
const USER = { method: 'basic', user: 'app', password: 'hunter2', allowInsecureAuth: true }

type Row = readonly [
  stage: string,
  way: 'timeout' | 'closed' | 'refused',
  script: Script,
  more?: Readonly<Record<string, unknown>>,
  reason?: string,
]

const ROWS: readonly Row[] = [
  ['tls', 'timeout', { GREETING: silence }, { tls: 'implicit' }],
  ['greeting', 'timeout', { GREETING: silence }],
  ['greeting', 'closed', { GREETING: { say: '220-wait', after: 'close' } }, {}, CLOSED],
  ['ehlo', 'timeout', { EHLO: silence }],
  ['ehlo', 'closed', { EHLO: reset }, {}, CLOSED],
  ['starttls', 'timeout', { EHLO: '250 STARTTLS', STARTTLS: silence }, { tls: 'starttls' }],
  ['starttls', 'closed', { EHLO: '250 STARTTLS', STARTTLS: reset }, { tls: 'starttls' }, CLOSED],
  ['auth', 'timeout', { ...LOGIN, AUTH: silence }, { auth: USER }],
  ['auth', 'closed', { ...LOGIN, AUTH: reset }, { auth: USER }, CLOSED],
]

describeStores('what the fleet keeps of a login that was refused', (place) => {
  test('is what was said, and no secret that the server says back', async () => {
    const secrets = ['hunter2', '\0app\0hunter2'].flatMap((text) => [
      text,
      Buffer.from(text).toString('base64'),
    ])
    const echo = `535-5.7.8 not ${secrets[0]}\n535 5.7.8 nor ${secrets[1]} nor ${secrets[3]}`
    await using server = await startScriptedServer({ ...LOGIN, AUTH: echo })
    const at = place()
    await using room = await openRoom(at, { port: server.port, auth: USER })
    const { id } = await room.send()
    await expect.poll(() => room.told('parked')).toHaveLength(1)
    await using store = await openStore(at.queue, { patience: 'wait', ...at })
    const read = async () => (await openHealthChanges(store).all()).get('relay')
    await expect.poll(async () => (await read())?.parkedSince).toBeDefined()
    const record = await read()
    expect(Object.values(record?.entries ?? {})).toMatchObject([
      {
        by: expect.any(String),
        cause: {
          stage: 'auth',
          code: 535,
          status: '5.7.8',
          rule: expect.any(String),
          conversation: expect.arrayContaining([
            'C: AUTH PLAIN …',
            'S: 535-5.7.8 not …',
            'S: 535 5.7.8 nor … nor …',
          ]),
        },
      },
    ])
    const told = JSON.stringify([record, room.events, await room.mailroom.history(id)])
    for (const secret of secrets) expect(told).not.toContain(secret)
    expect(await room.mailroom.get(id)).toMatchObject({ attempts: 0 })
  })

  test('is bounded, however much the server says', async () => {
    const EHLO = `${'250-x\n'.repeat(500)}250-${'y'.repeat(3_000)}\n250 AUTH PLAIN`
    await using server = await startScriptedServer({ EHLO, AUTH: '535 5.7.8 no' })
    const at = place()
    await using room = await openRoom(at, { port: server.port, auth: USER })
    await room.send()
    await expect.poll(() => room.told('parked')).toHaveLength(1)
    await using store = await openStore(at.queue, { patience: 'wait', ...at })
    const read = async () => (await openHealthChanges(store).all()).get('relay')
    await expect.poll(async () => (await read())?.parkedSince).toBeDefined()
    expect(JSON.stringify(await read()).length).toBeLessThan(5_000)
  })
})

/** What comes before the silence has all its time. */
function timeoutsOf(stage: string): Readonly<Record<string, string>> {
  return stage === 'starttls' ? { ehlo: '1s' } : { [stage]: '60ms' }
}

describeRedis('a session that does not come to a message', (queue) => {
  const place = () => ({ queue, prefix: uniquePrefix(), schema: 'unused' })
  test.for(ROWS)('at %s, %s, tells its stage, and no message pays', async (row) => {
    const [stage, way, script, more = {}, reason = 'timeout: '] = row
    await using server = await startScriptedServer(script)
    const timeouts = way === 'timeout' ? timeoutsOf(stage) : {}
    await using room = await openRoom(place(), { port: server.port, timeouts, ...more })
    const { id } = await room.send()
    await expect.poll(() => room.told('parked')).toHaveLength(1)
    const rule = `stage.${stage}.${way}`
    const told = { stage, rule, blames: 'manager', reason: expect.stringContaining(reason) }
    expect(room.told('parked')).toMatchObject([told])
    expect(JSON.stringify(room.events)).not.toContain('hunter2')
    expect(await room.mailroom.history(id)).toMatchObject({ entries: [{ kind: 'accepted' }] })
    expect(await room.mailroom.get(id)).toMatchObject({ attempts: 0 })
  })

  test('where nobody listens, tells that, and no message pays', async () => {
    await using room = await openRoom(place(), { port: await freePort() })
    const { id } = await room.send()
    await expect
      .poll(() => room.told('parked'))
      .toMatchObject([{ stage: 'connect', rule: 'stage.connect.refused', blames: 'manager' }])
    expect(await room.mailroom.history(id)).toMatchObject({ entries: [{ kind: 'accepted' }] })
  })
})
