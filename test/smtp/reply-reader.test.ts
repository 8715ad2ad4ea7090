import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import { expect, test } from 'vitest'

import { createReplyReader } from '../../src/smtp/reply-reader.ts'

type Heard = string

function listen(): { readonly push: (bytes: string | Buffer) => void; readonly heard: Heard[] } {
  const heard: Heard[] = []
  const reader = createReplyReader({
    onReply: ({ code, status, text }) => heard.push([code, status, text].filter(Boolean).join('|')),
    onGarbage: (detail) => heard.push(`garbage: ${detail}`),
  })
  return { heard, push: (bytes) => reader.push(Buffer.from(bytes)) }
}

function hear(...chunks: readonly (string | Buffer)[]): readonly Heard[] {
  const { heard, push } = listen()
  chunks.forEach(push)
  return heard
}

test.for<[chunks: readonly string[], heard: readonly Heard[]]>([
  [['250 ok\r\n'], ['250|ok']],
  [['250 ok\n'], ['250|ok']],
  [['250\r\n'], ['250']],
  [['250 ok\r\n250 2.1.5 rcpt\r\n354 go\r\n'], ['250|ok', '250|2.1.5|rcpt', '354|go']],
  [['250-one\r\n250-two\r\n250 three\r\n220 x\r\n'], ['250|one two three', '220|x']],
  [['25', '0 o', 'k\r', '\n'], ['250|ok']],
  [['2', '5', '0', '-', 'a\r\n', '250', ' b\r\n'], ['250|a b']],
  [
    ['250 ok\r\n55', '0 5.1.1 no\r\n'],
    ['250|ok', '550|5.1.1|no'],
  ],
  [['\r\n', '\r', '\n250 ok\r\n\r\n'], ['250|ok']],
  [['250-never the last line\r\n'], []],
  [['250 no line break'], []],
])('%j gives %j', ([chunks, heard]) => {
  expect(hear(...chunks)).toEqual(heard)
})

test('a reply gives the same in whatever pieces it comes', () => {
  const bytes = Buffer.from('550-5.7.1 Почта\r\n550 5.7.1 отклонена 🙂\r\n250 ok\r\n')
  const whole = hear(bytes)
  expect(whole).toEqual(['550|5.7.1|Почта отклонена 🙂', '250|ok'])
  for (let cut = 1; cut < bytes.length; cut++) {
    expect(hear(bytes.subarray(0, cut), bytes.subarray(cut))).toEqual(whole)
  }
  expect(hear(...[...bytes].map((byte) => Buffer.from([byte])))).toEqual(whole)
})

test('bytes that are no UTF-8 are Latin-1', () => {
  const bytes = Buffer.from('550-5.1.1 Empf\xe4nger\r\n550 5.1.1 unbekannt\r\n', 'latin1')
  expect(hear(bytes)).toEqual(['550|5.1.1|Empfänger unbekannt'])
  expect(hear(bytes.subarray(0, 16), bytes.subarray(16))).toEqual(hear(bytes))
})

test('a long line in UTF-8 stays so, wherever it is cut', () => {
  for (const start of ['550 ', '550 a', '550 ab', '550 abc']) {
    const [heard = ''] = hear(`${start}${'п🙂'.repeat(1000)}\r\n`)
    expect(heard).toContain('п🙂п🙂')
    expect(heard).not.toContain('Ð')
  }
})

test.for<[chunks: readonly (string | Buffer)[]]>([
  [['HTTP/1.1 400 Bad Request\r\n']],
  [['hello']],
  [['250ok\r\n']],
  [['199 x\r\n']],
  [['999 x\r\n']],
  [['25x']],
  [['2', 'x']],
  [['250-one\r\nand two\r\n']],
  [['250-one\r\n', 'and']],
  [[Buffer.from([0x15, 0x03, 0x01, 0x00, 0x02])]],
  [[Buffer.alloc(100_000)]],
])('%j ends in garbage at once, and nothing follows it', ([chunks]) => {
  const { heard, push } = listen()
  chunks.forEach(push)
  push('250 ok\r\n')
  expect(heard).toEqual([expect.stringMatching(/^garbage: .*reply code$/)])
})

test('replies before garbage are heard, and garbage shows none of its bytes', () => {
  expect(hear('250 ok\r\nsecret\r\n250 ok\r\n')).toEqual([
    '250|ok',
    'garbage: a line that does not begin with a reply code',
  ])
})

test('a line of 3 MB is read, and only its beginning kept', () => {
  const chunks = Array.from({ length: 48 }, () => 'y'.repeat(65_536))
  expect(hear('550 5.7.1 ', ...chunks, '\r\n250 ok\r\n')).toEqual([
    `550|5.7.1|${'y'.repeat(512)}`,
    '250|ok',
  ])
})

test('a reply of 12 MB in many lines is read without keeping it', () => {
  const { heard, push } = listen()
  const before = memoryInUse()
  for (let sent = 0; sent < 190; sent++) push(`451-4.3.0 wait ${sent} seconds\r\n`.repeat(2300))
  expect(memoryInUse() - before).toBeLessThan(2_000_000)
  push('451 4.3.0 done\r\n')
  expect(heard).toEqual([expect.stringMatching(/^451\|4\.3\.0\|wait 0 seconds wait 0 /)])
  expect(heard[0]?.length).toBeLessThan(600)
})

test('a server that never comes to an end is cut off', () => {
  const { heard, push } = listen()
  const chunk = Buffer.from('250-more\r\n'.repeat(6554))
  for (let sent = 0; sent < 300 && heard.length === 0; sent++) push(chunk)
  expect(heard).toEqual(['garbage: a reply of more than 16777216 bytes'])
})

test('many ordinary replies are no endless one', () => {
  const { heard, push } = listen()
  const chunk = Buffer.from('250 ok\r\n'.repeat(8192))
  for (let sent = 0; sent < 300; sent++) push(chunk)
  expect(heard).toHaveLength(300 * 8192)
})

function memoryInUse(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
