import { expect, test } from 'vitest'

import { freePort } from '../support/free-port.ts'
import { describeRedis, uniquePrefix } from '../support/redis.ts'
import { startScriptedServer, type Script } from '../support/scripted-server.ts'
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

describeRedis('a session that does not come to a message', (queue) => {
  const place = () => ({ queue, prefix: uniquePrefix(), schema: 'unused' })
  const TIMEOUTS = { tls: '60ms', greeting: '60ms', ehlo: '60ms', auth: '60ms' }

  test.for(ROWS)('at %s, %s, tells its stage, and no message pays', async (row) => {
    const [stage, way, script, more = {}, reason = 'timeout: '] = row
    await using server = await startScriptedServer(script)
    const timeouts = way === 'timeout' ? TIMEOUTS : {}
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
