import { expect, test } from 'vitest'

import { gssapi } from '../../src/connections/auth/mechanisms/gssapi.ts'

/** A context that both sides have agreed on, whose messages are not wrapped. */
const AGREED = {
  isComplete: true,
  isLost: false,
  step: () => Promise.reject(new Error('nothing is left to say')),
  wrap: (message: Buffer) => Promise.resolve(message),
  unwrap: (message: Buffer) => Promise.resolve(message),
}

const start = () => gssapi({ context: AGREED, token: Buffer.from('ticket') })

/** RFC 4752 §3.1: a bit per layer, and three bytes of the longest message. */
test.for([
  ['none alone', [0x01, 0, 0, 0]],
  ['every layer', [0x07, 0, 0xff, 0xff]],
] as const)(
  'of a server that offers %s no layer is chosen, and no other account',
  async ([, offer]) => {
    const mechanism = start()
    expect(await mechanism.respond(Buffer.from(offer), '')).toEqual({
      kind: 'answer',
      bytes: Buffer.from([0x01, 0, 0, 0]),
    })
    expect(mechanism.end?.()).toBeUndefined()
  },
)

test.for([
  ['demands a layer of its own', [0x06, 0, 0xff, 0xff], /demands a security layer/],
  ['offers what cannot be read', [0x01], /offers no security layers/],
] as const)('a server that %s is refused', async ([, offer, detail]) => {
  expect(await start().respond(Buffer.from(offer), '')).toMatchObject({
    kind: 'fault',
    fault: { kind: 'auth', detail: expect.stringMatching(detail) as string },
  })
})

test('a server that says nothing after the tickets gets an empty answer, and may say yes', async () => {
  const mechanism = start()
  expect(await mechanism.respond(Buffer.alloc(0), '')).toEqual({
    kind: 'answer',
    bytes: Buffer.alloc(0),
  })
  expect(mechanism.end?.()).toBeUndefined()
})

test('a server that goes on after the choice of a layer is refused', async () => {
  const mechanism = start()
  await mechanism.respond(Buffer.from([0x01, 0, 0, 0]), '')
  expect(await mechanism.respond(Buffer.alloc(0), '')).toMatchObject({ kind: 'fault' })
})
