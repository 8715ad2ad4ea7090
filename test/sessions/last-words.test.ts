import { expect, test } from 'vitest'

import { startScriptedServer } from '../support/scripted-server.ts'
import { sessionWith } from '../support/test-session.ts'

const ENVELOPE = { from: 'ann@example.org', to: ['bob@example.com'] }
const SHORT = Buffer.from('Subject: hello\r\n\r\nHello\r\n')
const LONG = Buffer.from('fifty-two letters and digits, then a line break abcd\r\n'.repeat(100_000))

/** Where the body or its dot is written to a connection that is reset, and what was said is unread. */
const BODIES: readonly (readonly [
  name: string,
  body: Buffer,
  stage: string,
  isDotSent: boolean,
])[] = [
  ['short', SHORT, 'dot', true],
  ['long', LONG, 'body', false],
]

test.for(BODIES)('a refusal counts that came before the reset of a %s body', async ([, body]) => {
  await using server = await startScriptedServer()
  using session = await sessionWith(server)
  const beforeDot = async () => {
    server.say('554 5.7.1 not this')
    await server.resetAll()
    return true
  }
  expect(await session.deliver(ENVELOPE, body, { beforeDot })).toMatchObject({
    kind: 'rejected',
    fault: { kind: 'reply', reply: { code: 554, status: '5.7.1' } },
  })
  await expect.poll(() => session.isUsable).toBe(false)
})

test.for(BODIES)('a reset without a word ends a %s body', async ([, body, stage, dotSent]) => {
  await using server = await startScriptedServer()
  using session = await sessionWith(server)
  const beforeDot = async () => {
    await server.resetAll()
    return true
  }
  expect(await session.deliver(ENVELOPE, body, { beforeDot })).toMatchObject({
    kind: 'broken',
    dotSent,
    fault: { kind: 'closed', stage },
  })
  await expect.poll(() => session.isUsable).toBe(false)
})
