import { createTransport } from 'nodemailer'
import { expect, test } from 'vitest'

import { decodeWords } from '../../src/cli/eml/encoded-words.ts'
import { parseParameterized } from '../../src/cli/eml/header-fields.ts'
import { parseMimePart, textOf } from '../../src/cli/eml/mime-part.ts'

test.for([
  ['plain text', 'plain text'],
  ['=?utf-8?Q?Gr=C3=BC=C3=9Fe?=', 'Grüße'],
  ['=?UTF-8?B?5L2g5aW9?=', '你好'],
  ['=?iso-8859-1?q?Keld_J=F8rn?= Simonsen', 'Keld Jørn Simonsen'],
  ['=?koi8-r?B?8NLJ18XU?=', 'Привет'],
  ['=?utf-8?q?a?= =?utf-8?q?b?=', 'ab'],
  ['=?utf-8?q?a?= b =?utf-8?q?c?=', 'a b c'],
  ['=?utf-8?B?5L0=?= =?utf-8?B?oA==?=', '你'],
  ['=?utf-8*en?Q?language?=', 'language'],
  ['=?no-such-charset?Q?kept?=', '=?no-such-charset?Q?kept?='],
  ['Сырой текст', 'Сырой текст'],
] as const)('%s reads as %s', ([value, text]) => {
  expect(decodeWords(value)).toBe(text)
})

test.for([
  ['text/plain; charset=utf-8', 'text/plain', { charset: 'utf-8' }],
  ['TEXT/HTML;CHARSET="UTF-8";x=1', 'text/html', { charset: 'UTF-8', x: '1' }],
  ['attachment; filename="a;\\"b.txt"', 'attachment', { filename: 'a;"b.txt' }],
  ["attachment; filename*=utf-8''%D1%8F.txt", 'attachment', { filename: 'я.txt' }],
  [
    "attachment; filename*0*=utf-8''%D1; filename*1*=%8F; filename*2=.txt",
    'attachment',
    { filename: 'я.txt' },
  ],
  ['attachment; filename*1=b; filename*0=a', 'attachment', { filename: 'ab' }],
  ['', '', {}],
] as const)('%s is %s with its parameters', ([text, value, parameters]) => {
  const parsed = parseParameterized(text)
  expect(parsed.value).toBe(value)
  expect(Object.fromEntries(parsed.parameters)).toEqual(parameters)
})

test('a mail of another composer is taken apart', async () => {
  const image = Buffer.from('89504e470d0a1a0a00ff', 'hex')
  const { message } = await createTransport({ streamTransport: true, buffer: true }).sendMail({
    from: 'a@example.com',
    subject: 'Grüße '.repeat(30),
    text: 'Ёлка = 1\n--not-a-boundary\n',
    html: '<p>Ёлка</p><img src="cid:logo@x">',
    attachments: [
      { filename: 'l.png', content: image, cid: 'logo@x' },
      { filename: 'отчёт за год.txt', content: 'line\r\n'.repeat(100) },
    ],
  })
  const root = parseMimePart(Buffer.isBuffer(message) ? message : Buffer.alloc(0))
  const leaves = leavesOf(root)
  expect(root.type).toBe('multipart/mixed')
  expect(leaves.map(({ type }) => type)).toEqual([
    'text/plain',
    'text/html',
    'image/png',
    'text/plain',
  ])
  expect(textOf(leaves[0] ?? root)).toBe('Ёлка = 1\n--not-a-boundary\n')
  expect(leaves[2]).toMatchObject({ contentId: 'logo@x', content: image })
  expect(leaves[3]).toMatchObject({
    fileName: 'отчёт за год.txt',
    disposition: { value: 'attachment' },
    content: Buffer.from('line\r\n'.repeat(100)),
  })
})

function leavesOf(part: ReturnType<typeof parseMimePart>): ReturnType<typeof parseMimePart>[] {
  return part.parts.length === 0 ? [part] : part.parts.flatMap(leavesOf)
}

test.for([
  ['no header at all', '\r\nbody', 'text/plain', 'body'],
  ['bare line feeds', 'Subject: x\n\nbody\n', 'text/plain', 'body\n'],
  ['no body', 'Subject: x', 'text/plain', ''],
  [
    'a multipart without boundary',
    'Content-Type: multipart/mixed\r\n\r\nx',
    'multipart/mixed',
    'x',
  ],
  ['a type that is none', 'Content-Type: whatever\r\n\r\nx', 'text/plain', 'x'],
] as const)('%s is still a message', ([, text, type, body]) => {
  const part = parseMimePart(Buffer.from(text))
  expect(part).toMatchObject({ type, parts: [] })
  expect(textOf(part)).toBe(body)
})

test('a multipart that is never closed keeps its last part', () => {
  const text =
    'Content-Type: multipart/mixed; boundary="b+1"\r\n\r\npreamble\r\n--b+1\r\n\r\none\r\n--b+1\r\n\r\ntwo'
  expect(parseMimePart(Buffer.from(text)).parts.map(textOf)).toEqual(['one', 'two'])
})

test('parts within parts end at some depth', () => {
  const nested = Array.from({ length: 1000 }, (_, at) => {
    const boundary = `b${at}`
    return `Content-Type: multipart/mixed; boundary=${boundary}\r\n\r\n--${boundary}\r\n`
  }).join('')
  expect(leavesOf(parseMimePart(Buffer.from(nested)))).toHaveLength(1)
})
