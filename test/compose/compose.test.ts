import PostalMime from 'postal-mime'
import { expect, test } from 'vitest'

import { composed, headerOf, jobOf, NOW, rawHeader, received, source } from './support.ts'

const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=',
  'base64',
)

test('plain text arrives field by field', async () => {
  const job = jobOf({
    from: 'Ann Smith <ann@example.com>',
    sender: 'robot@example.com',
    to: ['"Smith, Bob" <bob@example.com>', 'eve@example.com'],
    cc: 'carl@example.com',
    bcc: 'hidden@example.com',
    replyTo: 'Help <help@example.com>',
    subject: 'Nightly load "finished"',
    text: 'Line one\n\n.\nFrom here\n  indented  \n',
    inReplyTo: '<a@example.com>',
    references: ['<b@example.com>', '<a@example.com>'],
    headers: { 'X-Team': 'Load', 'Auto-Submitted': 'auto-generated' },
  })
  const { bytes, from } = await composed(job)
  const email = await PostalMime.parse(bytes)
  expect(from).toBe('ann@example.com')
  expect(email).toMatchObject({
    from: { name: 'Ann Smith', address: 'ann@example.com' },
    sender: { address: 'robot@example.com' },
    to: [{ name: 'Smith, Bob', address: 'bob@example.com' }, { address: 'eve@example.com' }],
    cc: [{ address: 'carl@example.com' }],
    replyTo: [{ name: 'Help', address: 'help@example.com' }],
    subject: 'Nightly load "finished"',
    messageId: job.messageId,
    inReplyTo: '<a@example.com>',
    references: '<b@example.com> <a@example.com>',
    date: NOW.toISOString(),
    text: 'Line one\n\n.\nFrom here\n  indented  \n',
    attachments: [],
  })
  expect(email.html).toBeUndefined()
  expect(headerOf(email, 'x-team')).toBe('Load')
  expect(headerOf(email, 'auto-submitted')).toBe('auto-generated')
  expect(headerOf(email, 'mime-version')).toBe('1.0')
  expect(bytes.toString()).not.toMatch(/hidden|^bcc:|^x-mailer:/im)
})

test('HTML, its inline image and a file arrive in their places', async () => {
  const message = {
    subject: 'Chart',
    text: 'see the chart',
    html: '<p>see <img src="cid:chart@mailroom"></p>',
    attachments: [
      { filename: 'chart.png', content: PIXEL, cid: 'chart@mailroom' },
      { filename: 'data.csv', content: 'a;b\n1;2\n' },
      { filename: 'notes', contentType: 'text/plain; charset=utf-8', content: 'ü' },
    ],
  }
  const email = await received(message)
  expect(email.text).toBe('see the chart\n')
  expect(email.html).toBe('<p>see <img src="cid:chart@mailroom"></p>\n')
  expect(email.attachments.map(({ content, ...others }) => [bytesOf(content), others])).toEqual([
    [
      PIXEL,
      expect.objectContaining({
        filename: 'chart.png',
        mimeType: 'image/png',
        disposition: 'inline',
        contentId: '<chart@mailroom>',
        related: true,
      }),
    ],
    [
      Buffer.from('a;b\n1;2\n'),
      expect.objectContaining({
        filename: 'data.csv',
        mimeType: 'text/csv',
        disposition: 'attachment',
      }),
    ],
    [
      Buffer.from('ü'),
      expect.objectContaining({
        filename: 'notes',
        mimeType: 'text/plain',
        disposition: 'attachment',
      }),
    ],
  ])
  const types = [...(await source(message)).matchAll(/^Content-Type: ([^;\r]+)/gm)]
  expect(types.map(([, type]) => type)).toEqual([
    'multipart/mixed',
    'multipart/alternative',
    'text/plain',
    'multipart/related',
    'text/html',
    'image/png',
    'text/csv',
    'text/plain',
  ])
})

test.for<[what: string, message: Parameters<typeof received>[0], types: readonly string[]]>([
  ['nothing', {}, ['text/plain']],
  ['HTML alone', { html: 'x' }, ['text/html']],
  ['text and HTML', { text: 'x', html: 'x' }, ['multipart/alternative', 'text/plain', 'text/html']],
  [
    'a file alone',
    { attachments: [{ content: 'x' }] },
    ['multipart/mixed', 'text/plain', 'application/octet-stream'],
  ],
  [
    'an image without HTML',
    { text: 'x', attachments: [{ content: PIXEL, cid: 'x', contentType: 'image/png' }] },
    ['multipart/mixed', 'text/plain', 'image/png'],
  ],
])('a message with %s has no part more than it needs', async ([, message, types]) => {
  const found = [...(await source(message)).matchAll(/^Content-Type: ([^;\r]+)/gm)]
  expect(found.map(([, type]) => type)).toEqual(types)
})

test.for<[name: string, subject: string, filename: string]>([
  [
    'Иван Петров',
    'Ночная загрузка завершена: все таблицы, все строки, без ошибок',
    'отчёт за январь.csv',
  ],
  ['王小明', '夜间加载已完成，所有表格均无错误，请查看附件中的详细报告。谢谢！', '一月报告.pdf'],
  ['José Ñuñez', 'Chargement terminé à l’heure prévue — déjà vérifié', 'résumé été.txt'],
  ['Smith, "Jack" \\ John', 'a =?utf-8?Q?b?= c', 'a "quoted" name; x=1.txt'],
  ["👩‍🔬 Dr. O'Hara (lab)", '✅ 100 % done '.repeat(20).trim(), `${'длинное-имя-'.repeat(12)}.txt`],
  ['=?utf-8?Q?Boss?=', '"quoted" <b> & (c)', 'a=?b.txt'],
  ['a'.repeat(200), 'b'.repeat(900), `${'c'.repeat(200)}.txt`],
])(
  '%s arrives as it was written, with subject and file name',
  async ([name, subject, filename]) => {
    const message = {
      from: { name, address: 'ann@example.com' },
      to: [{ name, address: 'bob@example.com' }],
      subject,
      text: subject,
      attachments: [{ filename, content: subject }],
    }
    const email = await received(message)
    expect(email).toMatchObject({
      from: { name, address: 'ann@example.com' },
      to: [{ name, address: 'bob@example.com' }],
      subject,
      attachments: [{ filename }],
    })
    expect(email.text?.trimEnd()).toBe(subject)
    expect(await source(message)).toMatch(/^[\r\n -~]*$/)
  },
)

test('international addresses have ASCII domains in headers, unless the local part is international', async () => {
  const email = await received({ from: 'Ann <ann@bücher.example>', to: '用户@例え.jp, x@例え.jp' })
  expect(email.from?.address).toBe('ann@xn--bcher-kva.example')
  const { bytes } = await composed(jobOf({ to: '用户@例え.jp, x@例え.jp' }))
  expect(rawHeader(bytes.toString(), 'To')).toBe('用户@例え.jp, x@xn--r8jz45g.jp')
})

test.for<['High' | 'Normal' | 'Low', readonly (string | undefined)[]]>([
  ['High', ['1 (Highest)', 'High', 'High']],
  ['Normal', [undefined, undefined, undefined]],
  ['Low', ['5 (Lowest)', 'Low', 'Low']],
])('priority %s is told in the headers that readers know', async ([priority, values]) => {
  const email = await received({ priority })
  const names = ['x-priority', 'x-msmail-priority', 'importance']
  expect(names.map((name) => headerOf(email, name))).toEqual(values)
})

test('structured headers with quotes are not encoded, and text beyond ASCII is', async () => {
  const text = await source({
    headers: {
      'List-Id': '"The list" <list.example.com>',
      'List-Unsubscribe': `<https://example.com/u?${'x'.repeat(80)}>, <mailto:u@example.com>`,
      'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
      'X-Team': 'Größe',
    },
  })
  expect(rawHeader(text, 'List-Id')).toBe('"The list" <list.example.com>')
  expect(rawHeader(text, 'List-Unsubscribe')).toContain('x>, <mailto:u@example.com>')
  expect(rawHeader(text, 'List-Unsubscribe-Post')).toBe('List-Unsubscribe=One-Click')
  expect(rawHeader(text, 'X-Team')).toMatch(/^=\?UTF-8\?[BQ]\?.*\?=$/)
})

test('the same job has the same bytes each time', async () => {
  const job = jobOf({
    text: 'a',
    html: 'b',
    attachments: [{ content: 'c' }, { content: 'd', cid: 'x' }],
  })
  const [one, two] = await Promise.all([composed(job), composed(job)])
  expect(one.bytes.equals(two.bytes)).toBe(true)
})

test('a message is dated when it is due, unless it has a date of its own', async () => {
  const due = jobOf({}, { options: { sendAt: '2027-02-03T04:05:06Z' } })
  const { bytes } = await composed(due)
  expect(rawHeader(bytes.toString(), 'Date')).toBe('Wed, 03 Feb 2027 04:05:06 +0000')
  const dated = await source({ date: '2026-12-24T18:00:00+01:00' })
  expect(rawHeader(dated, 'Date')).toBe('Thu, 24 Dec 2026 17:00:00 +0000')
})

test("the manager's sender is used only when the message has none", async () => {
  const options = { from: { name: 'Mailroom', address: 'mailroom@bücher.example' } }
  const own = await composed(jobOf({}), options)
  expect(own.from).toBe('ann@example.com')
  const lent = await composed(jobOf({ from: undefined }), options)
  expect(lent.from).toBe('mailroom@xn--bcher-kva.example')
  expect((await PostalMime.parse(lent.bytes)).from).toMatchObject({ name: 'Mailroom' })
})

test('a message without any sender is not composed', async () => {
  await expect(composed(jobOf({ from: undefined }))).rejects.toMatchObject({
    code: 'NO_SENDER',
    message: expect.stringContaining('"relay"'),
  })
})

test("the envelope's sender is not the author's when the caller says so", async () => {
  const bounces = await composed(jobOf({}, { envelope: { from: 'bounces@example.com' } }))
  expect(bounces.from).toBe('bounces@example.com')
  expect((await composed(jobOf({}, { envelope: { from: '' } }))).from).toBe('')
})

test('a redirected message names nobody whom an answer could reach, but tells who was meant', async () => {
  const job = jobOf({ to: 'Bob <bob@example.com>', cc: 'c@例え.jp', bcc: 'hidden@example.com' })
  const redirectAll = { address: 'staging@bücher.example' }
  const { bytes, redirectedTo } = await composed(job, { redirectAll })
  const email = await PostalMime.parse(bytes)
  expect(redirectedTo).toBe('staging@xn--bcher-kva.example')
  expect(email.to).toMatchObject([{ address: 'staging@xn--bcher-kva.example' }])
  expect(email.cc).toBeUndefined()
  expect(headerOf(email, 'x-mailroom-original-to')).toBe(
    'bob@example.com, c@xn--r8jz45g.jp, hidden@example.com',
  )
})

function bytesOf(content: ArrayBuffer | Uint8Array | string): Buffer {
  return typeof content === 'string' ? Buffer.from(content) : Buffer.from(new Uint8Array(content))
}
