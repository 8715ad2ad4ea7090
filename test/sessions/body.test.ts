import { expect, test } from 'vitest'

import { createBodyEncoder, encodeBody, finalDot } from '../../src/connections/body.ts'
import type { SegmentedBody } from '../../src/connections/message-body.ts'
import { startScriptedServer } from '../support/scripted-server.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { sessionWith } from '../support/test-session.ts'

const ENVELOPE = { from: 'ann@example.org', to: ['bob@example.com'] }
const allow = () => Promise.resolve(true)

/** A body; what the receiver has after it took the doubled dots away. */
const NASTY: readonly (readonly [name: string, body: string, received: string])[] = [
  ['empty', '', ''],
  ['a lone dot', '.', '.\r\n'],
  ['a dot line first', '.\r\nrest\r\n', '.\r\nrest\r\n'],
  ['a dot line last', 'text\r\n.\r\n', 'text\r\n.\r\n'],
  ['dot lines only', '.\r\n..\r\n...\r\n.', '.\r\n..\r\n...\r\n.\r\n'],
  ['the end of data twice', 'a\r\n.\r\n.\r\nb\r\n', 'a\r\n.\r\n.\r\nb\r\n'],
  ['smuggling with bare LF', 'a\n.\nMAIL FROM:<x@y>\n', 'a\r\n.\r\nMAIL FROM:<x@y>\r\n'],
  ['smuggling with bare CR', 'a\r.\rb', 'a\r\n.\r\nb\r\n'],
  ['smuggling with LF and CRLF', 'a\n.\r\nb\r\n', 'a\r\n.\r\nb\r\n'],
  ['smuggling with CR and CRLF', 'a\r.\r\nb\r\n', 'a\r\n.\r\nb\r\n'],
  ['no line break at the end', 'text', 'text\r\n'],
  ['a CR at the end', 'text\r', 'text\r\n'],
  ['an LF at the end', 'text\n', 'text\r\n'],
  ['a CR before CRLF', 'a\r\r\nb\r\n', 'a\r\n\r\nb\r\n'],
  ['empty lines', '\r\n\r\n\n\n\r\r', '\r\n\r\n\r\n\r\n\r\n\r\n'],
  ['dots within lines', 'a.b\r\nc..\r\n', 'a.b\r\nc..\r\n'],
]

test.for(NASTY)('a body with %s arrives as it is meant', async ([, body, received]) => {
  await using server = await startSmtpServer()
  using session = await sessionWith(server)
  const first = await session.deliver(ENVELOPE, Buffer.from(body), { beforeDot: allow })
  const second = await session.deliver(ENVELOPE, Buffer.from('next\r\n'), { beforeDot: allow })
  expect(first).toMatchObject({ kind: 'accepted' })
  expect(second).toMatchObject({ kind: 'accepted' })
  expect(server.mails.map((mail) => mail.body.toString())).toEqual([received, 'next\r\n'])
})

test('a nasty body of 5 MB in many writes arrives as it is meant', async () => {
  await using server = await startSmtpServer()
  using session = await sessionWith(server)
  const line = '.one\r\n..two\r\nthree\n.\r\nfour\r.five\r\n\r\n'
  const body = Buffer.from(line.repeat(Math.ceil(5_000_000 / line.length)))
  const received = body.toString().replaceAll(/\r\n|\r|\n/g, '\r\n')
  const ending = await session.deliver(ENVELOPE, body, { beforeDot: allow })
  expect(ending).toMatchObject({ kind: 'accepted' })
  // Compared by hand: a difference of 5 MB is no help to anybody.
  expect(server.mails[0]?.body.equals(Buffer.from(received))).toBe(true)
})

test('a plain body of 25 MB arrives whole', async () => {
  await using server = await startSmtpServer()
  using session = await sessionWith(server)
  const body = Buffer.alloc(25_000_000, 'a line of fifty letters, and then one line break\r\n')
  const ending = await session.deliver(ENVELOPE, body, { beforeDot: allow })
  expect(ending).toMatchObject({ kind: 'accepted' })
  expect(server.mails[0]?.body.equals(body)).toBe(true)
})

test('a body can be cut anywhere', () => {
  const alphabet = ['\r', '\n', '.', 'a', '\r\n', '\r\n.']
  for (let seed = 1; seed < 400; seed++) {
    let state = seed
    const body = Buffer.from(
      Array.from({ length: 12 }, () => {
        state = (state * 48_271) % 2_147_483_647
        return alphabet[state % alphabet.length]
      }).join(''),
    )
    const whole = encodeBody(body).toString()
    for (let cut = 1; cut < body.length; cut++) {
      const parts = [encodeBody(body, 0, cut), encodeBody(body, cut)]
      expect(Buffer.concat(parts).toString()).toBe(whole)
    }
    for (let cut = 0; cut <= body.length; cut++) {
      for (let next = cut; next <= body.length; next++) {
        const encoder = createBodyEncoder()
        const pieces = [body.subarray(0, cut), body.subarray(cut, next), body.subarray(next)]
        const encoded = [...pieces.map((piece) => encoder.push(piece)), encoder.end()]
        expect(Buffer.concat(encoded).toString()).toBe(`${whole}${finalDot(body).toString()}`)
      }
    }
    expect(`${whole}${finalDot(body).toString()}`).not.toMatch(/[^\r]\n|\r[^\n]|\n\.[^.\r]/)
  }
})

test('a body that needs no change is not copied', () => {
  const body = Buffer.from('one\r\ntwo\r\n')
  expect(encodeBody(body).buffer).toBe(body.buffer)
})

test('a short body and its dot leave in one write', async () => {
  await using server = await startScriptedServer()
  using session = await sessionWith(server)
  await session.deliver(ENVELOPE, Buffer.from('.hidden'), { beforeDot: allow })
  expect(server.bodies).toBe('..hidden\r\n.\r\n')
})

test.for(NASTY)('a streamed body with %s arrives as it is meant', async ([, body, received]) => {
  await using server = await startSmtpServer()
  using session = await sessionWith(server)
  for (const size of [1, 2, 5]) {
    const ending = await session.deliver(ENVELOPE, streamed(Buffer.from(body), size), {
      beforeDot: allow,
    })
    expect(ending).toMatchObject({ kind: 'accepted' })
  }
  expect(server.mails.map((mail) => mail.body.toString())).toEqual([received, received, received])
})

test('a streamed body of 25 MB arrives whole, with its size announced', async () => {
  await using server = await startSmtpServer()
  using session = await sessionWith(server)
  const body = Buffer.from('.a line of fifty letters, and then its line end\r\n'.repeat(500_000))
  const ending = await session.deliver(ENVELOPE, streamed(body, 65_536), { beforeDot: allow })
  expect(ending).toMatchObject({ kind: 'accepted' })
  expect(server.mails[0]?.body.equals(body)).toBe(true)
  expect(server.mails[0]?.parameters).toMatchObject({ SIZE: String(body.length) })
})

test.for<[what: string, spoil: (body: SegmentedBody) => SegmentedBody]>([
  ['that cannot be read to its end', (body) => withSegment(body, failing)],
  ['that is longer than was announced', (body) => ({ ...body, bytes: body.bytes - 1 })],
  ['that is shorter than was announced', (body) => ({ ...body, bytes: body.bytes + 1 })],
])('a streamed body %s never gets its dot', async ([, spoil]) => {
  await using server = await startScriptedServer()
  using session = await sessionWith(server)
  const body = spoil(streamed(Buffer.from('Subject: x\r\n\r\nhello\r\n'), 5))
  const ending = await session.deliver(ENVELOPE, body, { beforeDot: allow })
  expect(ending).toMatchObject({ kind: 'broken', dotSent: false, fault: { stage: 'body' } })
  expect(server.bodies).not.toContain('\r\n.\r\n')
})

function streamed(body: Buffer, size: number): SegmentedBody {
  const read = async function* () {
    for (let at = 0; at < body.length; at += size) yield body.subarray(at, at + size)
  }
  return { bytes: body.length, segments: [{ bytes: body.length, read }] }
}

function withSegment(body: SegmentedBody, segment: SegmentedBody['segments'][number]) {
  return { ...body, bytes: body.bytes + 1, segments: [...body.segments, segment] }
}

const failing = {
  bytes: 1,
  read: async function* () {
    yield await Promise.reject(new Error('the disk is gone'))
  },
}
