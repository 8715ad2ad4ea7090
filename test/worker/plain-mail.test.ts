import { expect, test } from 'vitest'

import { describeRedis, uniquePrefix } from '../support/redis.ts'
import { startScriptedServer, STEP_BY_STEP, type Script } from '../support/scripted-server.ts'
import { openRoom, type Room } from './mail-room.ts'

const NOT_RECOGNISED = '555 5.5.4 parameter not recognised'
const WAYS: readonly (readonly [name: string, script: Script])[] = [
  ['asked all at once', {}],
  ['asked step by step', { EHLO: STEP_BY_STEP }],
]

describeRedis('a MAIL FROM that a server refuses for its parameters', (url) => {
  const room = (port: number): Promise<Room> =>
    openRoom({ queue: url, prefix: uniquePrefix(), schema: 'mailroom' }, { port })

  test.for(WAYS)('is said once more without the size, %s', async ([, script]) => {
    await using server = await startScriptedServer({
      ...script,
      MAIL: [NOT_RECOGNISED, '250 2.1.0 ok'],
    })
    await using it = await room(server.port)
    const { id } = await it.send()
    expect(await it.settled(id)).toMatchObject({ state: 'delivered', attempts: 1 })
    expect(mailsOf(server.commands)).toEqual([
      expect.stringMatching(/^MAIL FROM:<app@example.com> SIZE=\d+$/),
      'MAIL FROM:<app@example.com>',
    ])
  })

  test('and hangs up is said once more without the size over another session', async () => {
    await using server = await startScriptedServer({
      MAIL: [{ say: NOT_RECOGNISED, after: 'close' }, '250 2.1.0 ok'],
    })
    await using it = await room(server.port)
    const { id } = await it.send()
    expect(await it.settled(id)).toMatchObject({ state: 'delivered', attempts: 1 })
    expect(server.connections).toBe(2)
  })

  test('with and without the size is refused for good', async () => {
    await using server = await startScriptedServer({ MAIL: NOT_RECOGNISED })
    await using it = await room(server.port)
    const { id } = await it.send()
    expect(await it.settled(id)).toMatchObject({
      state: 'refused',
      attempts: 1,
      last: { code: 555, stage: 'mail' },
    })
    expect(mailsOf(server.commands)).toHaveLength(2)
  })

  test('that has none is not repeated', async () => {
    await using server = await startScriptedServer({
      EHLO: '250-scripted\n250 PIPELINING',
      MAIL: NOT_RECOGNISED,
    })
    await using it = await room(server.port)
    const { id } = await it.send()
    expect(await it.settled(id)).toMatchObject({ state: 'refused', attempts: 1 })
    expect(mailsOf(server.commands)).toHaveLength(1)
  })
})

function mailsOf(commands: readonly string[]): readonly string[] {
  return commands.filter((command) => command.startsWith('MAIL'))
}
