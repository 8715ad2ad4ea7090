import { expect, test } from 'vitest'

import { parseReply, type Reply } from '../../src/smtp/reply.ts'

test.for<[raw: string | readonly string[], reply: Reply]>([
  ['250 2.0.0 Ok', { code: 250, status: '2.0.0', text: 'Ok' }],
  ['250 2.0.0 Ok\r\n', { code: 250, status: '2.0.0', text: 'Ok' }],
  ['250 ok\n', { code: 250, text: 'ok' }],
  ['250', { code: 250, text: '' }],
  ['250 ', { code: 250, text: '' }],
  ['354 go on', { code: 354, text: 'go on' }],
  ['550 5.1.1', { code: 550, status: '5.1.1', text: '' }],
  ['550  5.1.1  no such user ', { code: 550, status: '5.1.1', text: 'no such user' }],
  ['550 #5.1.0 Address rejected', { code: 550, status: '5.1.0', text: 'Address rejected' }],
  ['550 5.7.1: blocked', { code: 550, status: '5.7.1', text: 'blocked' }],
  ['451 4.7.650 limited', { code: 451, status: '4.7.650', text: 'limited' }],
  ['550 4.2.1 mismatch', { code: 550, status: '4.2.1', text: 'mismatch' }],
  ['220 192.0.2.1 ESMTP', { code: 220, text: '192.0.2.1 ESMTP' }],
  ['220 2.0.2.1 ESMTP', { code: 220, text: '2.0.2.1 ESMTP' }],
  ['550 6.1.1 no class', { code: 550, text: '6.1.1 no class' }],
  ['550 5.1111.1 no subject', { code: 550, text: '5.1111.1 no subject' }],
  ['550 mailbox 5.1.1', { code: 550, text: 'mailbox 5.1.1' }],
  [
    '550 5.1.1 Почтовый ящик ñ 不存在',
    { code: 550, status: '5.1.1', text: 'Почтовый ящик ñ 不存在' },
  ],
  [
    '550 5.1.1 a\u0000b\u001b[31mc\td\u2028e',
    { code: 550, status: '5.1.1', text: 'a b [31mc d e' },
  ],
  ['250-one\r\n250-two\r\n250 three', { code: 250, text: 'one two three' }],
  ['250-5.1.1 one\n250 two\n', { code: 250, status: '5.1.1', text: 'one two' }],
  [
    ['550-5.1.1 one', '550-5.1.1 two', '550 5.1.1 three'],
    { code: 550, status: '5.1.1', text: 'one two three' },
  ],
  [['550-see the', '550 5.7.1 policy'], { code: 550, status: '5.7.1', text: 'see the policy' }],
  [['550-5.7.1 one', '550 5.1.1 two'], { code: 550, status: '5.7.1', text: 'one 5.1.1 two' }],
  [['550-first', '450 last'], { code: 450, text: 'first last' }],
  [['550-', '550 x', '550 '], { code: 550, text: 'x' }],
])('%j is read', ([raw, reply]) => {
  expect(parseReply(raw)).toEqual(reply)
})

test.for<[raw: string | readonly string[]]>([
  [''],
  ['25'],
  ['250ok'],
  ['250_ok'],
  ['25o ok'],
  [' 250 ok'],
  ['199 early'],
  ['600 late'],
  ['000 nothing'],
  ['٢٥٠ ok'],
  ['HTTP/1.1 400 Bad Request'],
  ['250-one\r\nand two\r\n250 three'],
  [['250-one', '', '250 two']],
  [[]],
])('%j is no reply', ([raw]) => {
  expect(parseReply(raw)).toBeUndefined()
})

test('a text of 3 MB is bounded', () => {
  const reply = parseReply(`550 5.7.1 ${'x'.repeat(3_000_000)}`)
  expect(reply).toEqual({ code: 550, status: '5.7.1', text: 'x'.repeat(512) })
})

test('a reply of 60,000 lines is bounded, and its last line decides', () => {
  const lines = Array.from({ length: 60_000 }, (_, line) => `451-4.3.0 line ${line}`)
  const reply = parseReply([...lines, '551 the end'])
  expect(reply).toMatchObject({ code: 551, status: '4.3.0' })
  expect(reply?.text).toMatch(/^line 0 line 1 line 2 /)
  expect(reply?.text).toHaveLength(512)
})

test('no half of a character stays where a text is cut', () => {
  const reply = parseReply(`550 ${'x'.repeat(511)}🙂`)
  expect(reply?.text).toBe(`${'x'.repeat(511)}\uFFFD`)
})
