import { expect, test } from 'vitest'

import { createLineEnds, mendLineEnds } from '../../src/job/line-ends.ts'
import { createRawScan, scanRaw } from '../../src/job/raw-scan.ts'

const HEAD = 'From: a@b.example\r\n'
const OF_B = { authorDomains: ['b.example'] }

test.for<[what: string, text: string, reason: string, offset: number]>([
  ['a bare LF', 'From: a\nTo: b\r\n', 'bare-lf', 7],
  ['a bare CR', `${HEAD}\r\na\rb`, 'bare-cr', 22],
  ['a CR before CRLF', `${HEAD}\r\na\r\r\n`, 'bare-cr', 22],
  ['a CR at its end', `${HEAD}\r\na\r`, 'bare-cr', 22],
  ['an LF first', `\n${HEAD}`, 'bare-lf', 0],
  ['a NUL', `${HEAD}\r\na\0b`, 'nul', 22],
  ['more than 256 KiB of header', `X-A: b\r\n`.repeat(40_000), 'long-header', 262_144],
  ['no header', '\r\nbody\r\n', 'no-header', 0],
  ['an envelope line of mbox first', 'From ann Mon\r\n', 'no-header', 0],
  ['nothing', '', 'no-header', 0],
])('%s is refused, in whatever pieces it comes', ([, text, reason, offset]) => {
  for (const size of [1, 7, text.length + 1]) {
    expect(() => scanIn(Buffer.from(text), size)).toThrow(
      expect.objectContaining({ code: 'RAW_NOT_SENDABLE', reason, offset }),
    )
  }
})

test.for<[what: string, text: string, facts: object]>([
  ['a line of 70,000 octets', `${HEAD}\r\n${'x'.repeat(70_000)}\r\n`, OF_B],
  ['a header of one long line', `X-A: ${'x'.repeat(5000)}\r\n`, {}],
  ['no body', HEAD, OF_B],
  ['no line break at its end', `${HEAD}\r\nx`, OF_B],
  ['8-bit text', `${HEAD}\r\nGrüße\r\n`, { ...OF_B, eightBit: 'body' }],
  ['8-bit text in its header', 'Subject: Grüße\r\n\r\nx\r\n', { eightBit: 'headers' }],
  ['its own Message-ID', 'message-id:\r\n <1@b.example>\r\n', { messageId: '<1@b.example>' }],
  ['a Message-ID in its body', `${HEAD}\r\nMessage-ID: <1@b.example>\r\n`, OF_B],
  ['a Message-ID that is none', 'Message-ID: 1@b.example\r\n', {}],
])('a raw message with %s is told as it is', ([, text, facts]) => {
  const bytes = Buffer.from(text)
  for (const size of [1, 5, bytes.length]) {
    expect(scanIn(bytes, size)).toEqual({ bytes: bytes.length, ...facts })
  }
})

test.for<[header: string, domains: readonly string[] | undefined]>([
  ['From: a@B.example', ['b.example']],
  ['from :\r\n\t"B, c" <a@b.example>,\r\n c@d.example', ['b.example', 'd.example']],
  ['From: a@b.example, c@B.EXAMPLE', ['b.example']],
  ['From: Grüße <a@bücher.example>', ['xn--bcher-kva.example']],
  ['From: a@b.example\r\nSubject: x\r\nFrom: c@d.example', ['b.example', 'd.example']],
  ['From: a@b.example, <broken', undefined],
  ['From:', undefined],
  ['Resent-From: a@b.example\r\nSender: c@d.example', undefined],
  [`From: ${Array.from({ length: 21 }, (_, at) => `a@d${at}.example`).join(', ')}`, undefined],
])('a raw message with %j has authors of %j', ([header, authorDomains]) => {
  expect(scanRaw(Buffer.from(`${header}\r\n\r\nFrom: in@body.example`)).authorDomains).toEqual(
    authorDomains,
  )
})

test('mended line ends are all CRLF, in whatever pieces they come, and can be sent', () => {
  const alphabet = ['\r', '\n', 'a', '\r\n', 'ü']
  for (let seed = 1; seed < 200; seed++) {
    let state = seed
    const bytes = Buffer.from(
      Array.from({ length: 12 }, () => {
        state = (state * 48_271) % 2_147_483_647
        return alphabet[state % alphabet.length]
      }).join(''),
    )
    const whole = mendLineEnds(bytes)
    expect(whole.toString()).toBe(bytes.toString().replaceAll(/\r\n?|\n/g, '\r\n'))
    for (let cut = 0; cut <= bytes.length; cut++) {
      const ends = createLineEnds()
      const pieces = [ends.push(bytes.subarray(0, cut)), ends.push(bytes.subarray(cut)), ends.end()]
      expect(Buffer.concat(pieces).equals(whole)).toBe(true)
    }
    expect(() => scanRaw(Buffer.concat([Buffer.from(`${HEAD}\r\n`), whole]))).not.toThrow()
  }
})

function scanIn(bytes: Buffer, size: number) {
  const scan = createRawScan()
  for (let at = 0; at < bytes.length; at += size) scan.push(bytes.subarray(at, at + size))
  return scan.end()
}
