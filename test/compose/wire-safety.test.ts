import PostalMime from 'postal-mime'
import { expect, test } from 'vitest'

import { composed, jobOf, source } from './support.ts'

const BREAKS = ['\r', '\n', '\r\n', ' ', '  ', '\t', '\u007f', '\u0001', '\u2028']
const SIGNS = [
  '.',
  '=',
  '=3D',
  '=?utf-8?Q?x?=',
  '--',
  'From ',
  '"',
  '\\',
  '<',
  '>',
  ';',
  ',',
  '<p>',
]
const WORDS = ['a', 'word', 'x'.repeat(75), 'y'.repeat(76), 'z'.repeat(1100)]
const LETTERS = ['é', 'ß', 'Привет', '你好', '😀']
const PIECES = [...BREAKS, ...SIGNS, ...WORDS, ...LETTERS]

test.for([1, 2, 3, 4, 5, 6, 7, 8])(
  'any text leaves as short ASCII lines and arrives (seed %i)',
  async (seed) => {
    const random = generator(seed)
    for (let round = 0; round < 60; round++) {
      const text = pick(random, PIECES, 40)
      const html = pick(random, PIECES, 40)
      const line = pick(
        random,
        PIECES.filter((piece) => !/[\p{Cc}]|z/u.test(piece)),
        12,
      ).trim()
      const job = jobOf({
        to: [{ name: line.slice(0, 200).toWellFormed(), address: 'bob@example.com' }],
        subject: line,
        text,
        html,
        headers: line === '' ? {} : { 'X-Line': line },
        attachments: [
          {
            content: text,
            ...(/^[^/\\]+$/.test(line) ? { filename: line.slice(0, 100).toWellFormed() } : {}),
          },
        ],
      })
      const { bytes } = await composed(job)
      expectSafe(bytes)

      const email = await PostalMime.parse(bytes)
      expect(canonical(email.text)).toBe(canonical(text))
      expect(canonical(email.html)).toBe(canonical(html))
      const [attachment] = email.attachments
      expect(Buffer.from(new Uint8Array(bufferOf(attachment?.content))).toString()).toBe(text)
      expect(squeezed(email.subject)).toBe(squeezed(line))
    }
  },
)

test.for<[what: string, text: string, encoding: string]>([
  ['short ASCII lines', 'a\nb\n', '7bit'],
  ['a line of 76', 'x'.repeat(76), '7bit'],
  ['a line of 77', 'x'.repeat(77), 'quoted-printable'],
  ['a line of a megabyte', 'x'.repeat(500_000), 'quoted-printable'],
  ['a control character', 'a\u0001b', 'quoted-printable'],
  ['accents', 'Chargement terminé, tout est prêt', 'quoted-printable'],
  ['Cyrillic', 'Загрузка завершена', 'base64'],
  ['Chinese', '加载完成', 'base64'],
])('%s travel as %s', async ([, text, encoding]) => {
  const bytes = await source({ text })
  expect(bytes).toContain(`Content-Transfer-Encoding: ${encoding}\r\n`)
  expectSafe(Buffer.from(bytes, 'latin1'))
})

test('trailing white space survives quoted-printable', async () => {
  const text = `${'x'.repeat(80)}  \n\t\nü \t`
  const { bytes } = await composed(jobOf({ text }))
  expect((await PostalMime.parse(bytes)).text?.trimEnd()).toBe(text.trimEnd())
  expect(bytes.toString()).not.toMatch(/[ \t]\r\n/)
})

test('many recipients are folded, and every one of them is read', async () => {
  const to = Array.from({ length: 1000 }, (_, n) => `"Recipient, No. ${n}" <r${n}@example.com>`)
  const { bytes } = await composed(jobOf({ to }))
  expectSafe(bytes)
  const email = await PostalMime.parse(bytes)
  expect(email.to).toHaveLength(1000)
  expect(email.to?.at(-1)).toMatchObject({
    name: 'Recipient, No. 999',
    address: 'r999@example.com',
  })
})

test('a message in a message is not encoded when it can pass as it is', async () => {
  const eml = 'From: a@b.c\nSubject: inner\n\nbody\n'
  const plain = await source({ attachments: [{ filename: 'inner.eml', content: eml }] })
  expect(plain).toContain('message/rfc822; name="inner.eml"\r\nContent-Transfer-Encoding: 7bit')
  expect(plain).toContain('\r\n\r\nFrom: a@b.c\r\nSubject: inner\r\n\r\nbody\r\n')
  const eightBit = await source({ attachments: [{ filename: 'inner.eml', content: `${eml}ü` }] })
  expect(eightBit).toContain('application/octet-stream; name="inner.eml"\r\n')
  expectSafe(Buffer.from(eightBit, 'latin1'))
})

test('a body that has the boundary of another message in it stays one body', async () => {
  const [, boundary = ''] = /boundary="([^"]+)"/.exec(await source({ text: 'a', html: 'b' })) ?? []
  expect(boundary).not.toBe('')
  const text = `x\n--${boundary}\nContent-Type: text/html\n\nevil\n--${boundary}--\n`
  const { bytes } = await composed(jobOf({ text, html: 'b' }))
  const email = await PostalMime.parse(bytes)
  expect(canonical(email.text)).toBe(canonical(text))
  expect(canonical(email.html)).toBe('b')
})

test('a subject of white space leaves no line that looks empty', async () => {
  const bytes = await source({ subject: `a${' '.repeat(300)}b${' '.repeat(300)}` })
  expect(bytes).not.toMatch(/\r\n[ \t]*\r\n(?=.*Message-ID)/s)
  expect((await PostalMime.parse(bytes)).messageId).toMatch(/^<m-/)
})

/** No bare CR or LF, nothing beyond ASCII, no NUL, no line over 998 octets, CRLF at the end. */
function expectSafe(bytes: Buffer): void {
  const text = bytes.toString('latin1')
  expect(text).toMatch(/\r\n$/)
  expect(text.replaceAll('\r\n', '')).toMatch(/^[\t -\u007e]*$/)
  expect(Math.max(...text.split('\r\n').map((line) => line.length))).toBeLessThanOrEqual(998)
}

/** Line breaks may become others, and come and go at the end. */
function canonical(text: string | undefined): string {
  return (text ?? '').replaceAll(/\r\n?|\n/g, '\n').replace(/\n+$/, '')
}

/** Folding may turn white space in a header into other white space. */
function squeezed(text: string | undefined): string {
  return (text ?? '').replaceAll(/\s+/g, ' ').trim()
}

function bufferOf(
  content: ArrayBuffer | Uint8Array | string | undefined,
): ArrayBuffer | Uint8Array {
  return typeof content === 'string' || content === undefined ? Buffer.from(content ?? '') : content
}

function pick(random: () => number, pieces: readonly string[], most: number): string {
  const count = Math.floor(random() * most)
  return Array.from({ length: count }, () => pieces[Math.floor(random() * pieces.length)]).join('')
}

/** The same numbers for the same seed. */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32
    return state / 2 ** 32
  }
}
