import { expect, test } from 'vitest'

import { describeRedis, uniquePrefix } from '../support/redis.ts'
import { startScriptedServer, STEP_BY_STEP } from '../support/scripted-server.ts'
import { openRoom } from './mail-room.ts'

type Row = readonly [
  stage: 'mail' | 'rcpt' | 'data' | 'dot',
  after: 'close' | 'reset',
  way: 'all at once' | 'step by step',
]

const ROWS = (['mail', 'rcpt', 'data', 'dot'] as const).flatMap((stage) =>
  (['close', 'reset'] as const).flatMap((after) =>
    (['all at once', 'step by step'] as const).map((way): Row => [stage, after, way]),
  ),
)

describeRedis('a message that a server refuses for good as its last words', (url) => {
  test.for(ROWS)('at %s before a %s, asked %s, is refused once', async ([stage, after, way]) => {
    await using server = await startScriptedServer({
      ...(way === 'step by step' && { EHLO: STEP_BY_STEP }),
      [stage.toUpperCase()]: { say: '554 5.7.1 not this', after },
    })
    const place = { queue: url, prefix: uniquePrefix(), schema: 'mailroom' }
    await using room = await openRoom(place, { port: server.port })
    const { id } = await room.send()
    expect(await room.settled(id)).toMatchObject({
      state: 'refused',
      attempts: 1,
      last: { stage, code: 554, status: '5.7.1' },
    })
    expect(server.connections).toBe(1)
    expect(room.told('parked')).toEqual([])
  })
})
