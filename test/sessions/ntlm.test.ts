import { createHash, createHmac } from 'node:crypto'

import { expect, test } from 'vitest'

import { composeAuthenticate } from '../../src/connections/auth/ntlm/authenticate.ts'
import type { NtlmAnswerOptions } from '../../src/connections/auth/ntlm/authenticate.ts'
import { parseChallenge } from '../../src/connections/auth/ntlm/challenge.ts'
import type { NtlmChallenge } from '../../src/connections/auth/ntlm/challenge.ts'
import { responseKey, sessionBaseKey } from '../../src/connections/auth/ntlm/keys.ts'
import { md4 } from '../../src/connections/auth/ntlm/md4.ts'
import { composeNegotiate } from '../../src/connections/auth/ntlm/negotiate.ts'
import { upperCase } from '../../src/connections/auth/ntlm/upper-case.ts'
import { attributesOf, CHALLENGE, field, withTime } from './ntlm-messages.ts'

/** [MS-NLMP] §4.2.1: common values of the examples. */
const IDENTITY = { user: 'User', domain: 'Domain', password: 'Password' }
const CLIENT_NONCE = Buffer.alloc(8, 0xaa)
const TIME_ZERO = new Date(-11_644_473_600_000)

/** §4.2.4.1: the keys of NTLMv2, and §4.2.4.2: the responses. */
const RESPONSE_KEY = '0c868a403bfd7a93a3001ef22ef02e3f'
const SESSION_BASE_KEY = '8de40ccadbc14a82f15cb0ad0de95ca3'
const NT_PROOF = '68cd0ab851e51c96aabc927bebef6a1c'
const LM_RESPONSE = '86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa'
const BLOB =
  `01010000000000000000000000000000aaaaaaaaaaaaaaaa0000000002000c0044006f006d00610069006e00
   01000c005300650072007600650072000000000000000000`.replaceAll(/\s/g, '')

function challengeOf(bytes: Buffer): NtlmChallenge {
  const challenge = parseChallenge(bytes)
  if ('problem' in challenge) throw new Error(challenge.problem)
  return challenge
}

function answerTo(bytes: Buffer, options: Partial<NtlmAnswerOptions> = {}): Buffer {
  return composeAuthenticate(IDENTITY, {
    negotiate: composeNegotiate(),
    challenge: challengeOf(bytes),
    targetName: 'SMTPSVC/mail.example.com',
    channelBinding: undefined,
    clientNonce: CLIENT_NONCE,
    now: TIME_ZERO,
    ...options,
  })
}

/** RFC 1320 §A.5. */
test.for([
  ['', '31d6cfe0d16ae931b73c59d7e0c089c0'],
  ['a', 'bde52cb31de33e46245e05fbdbd6fb24'],
  ['abc', 'a448017aaf21d8525fc10ae87aa6729d'],
  ['message digest', 'd9130a8164549fe818874806e1c7014b'],
  ['abcdefghijklmnopqrstuvwxyz', 'd79e1c308aa5bbcdeea8ed63df412da9'],
  [
    'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789',
    '043f8582f241db351ce627e153e7f0e4',
  ],
  [
    '12345678901234567890123456789012345678901234567890123456789012345678901234567890',
    'e33b4ddc9c38f2199c3e7b164fcc0536',
  ],
] as const)('the MD4 digest of %j is %s', ([text, digest]) => {
  expect(md4(Buffer.from(text)).toString('hex')).toBe(digest)
})

/** As the tables of Windows have it. */
test.for([
  ['ann.o-neil_7', 'ANN.O-NEIL_7'],
  ['jürgen', 'JÜRGEN'],
  ['straße', 'STRAßE'],
  ['ÿvonne', 'ŸVONNE'],
  ['ışık', 'ıŞıK'],
  ['νίκος', 'ΝΊΚΟΣ'],
  ['иван', 'ИВАН'],
  ['ნინო', 'ნინო'],
  ['𐐨𐐩', '𐐨𐐩'],
] as const)('the key of "%s" is the one of "%s"', ([user, upper]) => {
  expect(upperCase(user)).toBe(upper)
})

test('the keys are those of [MS-NLMP] 4.2.4.1', () => {
  const key = responseKey(IDENTITY)
  expect(key.toString('hex')).toBe(RESPONSE_KEY)
  expect(sessionBaseKey(key, Buffer.from(NT_PROOF, 'hex')).toString('hex')).toBe(SESSION_BASE_KEY)
})

test('the challenge of [MS-NLMP] 4.2.4.3 is answered with its NTLMv2 response', () => {
  const message = answerTo(CHALLENGE, { targetName: undefined })
  expect(field(message, 12).toString('hex')).toBe(LM_RESPONSE)
  expect(field(message, 20).toString('hex')).toBe(NT_PROOF + BLOB)
  expect(field(message, 28).toString('utf16le')).toBe('Domain')
  expect(field(message, 36).toString('utf16le')).toBe('User')
})

test('a server that tells its time gets an integrity code, the target, and no LM response', () => {
  const message = answerTo(withTime())
  const attributes = attributesOf(message)
  expect(field(message, 12)).toEqual(Buffer.alloc(24))
  expect(message.subarray(72, 88)).not.toEqual(Buffer.alloc(16))
  expect(attributes.get(6)).toEqual(Buffer.from([2, 0, 0, 0]))
  expect(attributes.get(9)?.toString('utf16le')).toBe('SMTPSVC/mail.example.com')
  expect(attributes.get(10)).toEqual(Buffer.alloc(16))
})

test('a server that does not tell its time hears of the target and the certificate too', () => {
  const attributes = attributesOf(answerTo(CHALLENGE, { channelBinding: Buffer.from('x') }))
  expect([...attributes.keys()]).toEqual([2, 1, 9, 10])
  expect(attributes.get(10)).not.toEqual(Buffer.alloc(16))
})

test('what the server says of the account is said back', () => {
  const attributes = attributesOf(answerTo(withTime('0600040001000000')))
  expect(attributes.get(6)).toEqual(Buffer.from([3, 0, 0, 0]))
})

test('the integrity code covers all three messages', () => {
  const other = Buffer.from(composeNegotiate())
  other.writeUInt8(other.readUInt8(12) ^ 1, 12)
  const meddled = withTime()
  meddled.writeUInt8(9, 50)
  const codes = [
    answerTo(withTime()),
    answerTo(withTime(), { negotiate: other }),
    answerTo(meddled),
    answerTo(withTime(), { targetName: 'SMTPSVC/other' }),
  ].map((message) => message.subarray(72, 88).toString('hex'))
  expect(new Set(codes).size).toBe(4)
})

test('the integrity code is made with the session base key', () => {
  const [negotiate, challenge] = [composeNegotiate(), withTime()]
  const message = answerTo(challenge, { negotiate })
  const proof = field(message, 20).subarray(0, 16)
  const key = hmac(Buffer.from(RESPONSE_KEY, 'hex'), proof)
  const unsigned = Buffer.concat([message.subarray(0, 72), Buffer.alloc(16), message.subarray(88)])
  const code = hmac(key, Buffer.concat([negotiate, challenge, unsigned]))
  expect(message.subarray(72, 88)).toEqual(code)
})

function hmac(key: Buffer, bytes: Buffer): Buffer {
  return createHmac('md5', key).update(bytes).digest()
}

test('a login over TLS is bound to the certificate', () => {
  const data = Buffer.from('tls-server-end-point:…')
  const length = Buffer.from([data.length, 0, 0, 0])
  const structure = Buffer.concat([Buffer.alloc(16), length, data])
  const bound = attributesOf(answerTo(withTime(), { channelBinding: data }))
  expect(bound.get(10)).toEqual(createHash('md5').update(structure).digest())
})

test.for([
  ['nothing', Buffer.alloc(0), /no challenge/],
  ['text', Buffer.from('ntlm supported'), /no challenge/],
  ['another message of NTLM', composeNegotiate(), /no challenge/],
  ['a challenge of NTLMv1', CHALLENGE.subarray(0, 40), /NTLMv1/],
  ['a challenge without target', without(0x00800000), /NTLMv1/],
  ['a challenge that is cut short', CHALLENGE.subarray(0, 80), /cut short/],
] as const)('a server that sends %s gets no answer', ([, bytes, why]) => {
  expect(parseChallenge(bytes)).toMatchObject({ problem: expect.stringMatching(why) })
})

function without(flag: number): Buffer {
  const bytes = Buffer.from(CHALLENGE)
  bytes.writeUInt32LE((bytes.readUInt32LE(20) & ~flag) >>> 0, 20)
  return bytes
}
