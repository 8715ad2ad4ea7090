import { expect, test } from 'vitest'

import { createJob } from '../../src/job/create-job.ts'
import { InvalidJobError, UnsupportedJobVersionError } from '../../src/job/errors.ts'
import { parseJob } from '../../src/job/parse-job.ts'

const FULL = createJob(
  {
    connection: 'Mail Server: nightly',
    message: {
      from: 'Иван <ivan@пример.рф>',
      sender: 'robot@example.com',
      to: '"Smith, John" <john@example.com>; 用户@例え.jp',
      cc: 'c@example.com',
      bcc: 'b@example.com',
      replyTo: 'r@example.com',
      subject: 'Привет',
      text: 'a\tb\r\n😀',
      html: '<img src="cid:logo">',
      attachments: [
        { filename: 'отчёт.csv', contentType: 'text/csv; charset=utf-8', content: 'a;b' },
        { cid: 'logo', contentType: 'image/png', content: Buffer.from([0, 255]) },
      ],
      headers: { 'X-Team': 'Größe', 'List-Unsubscribe': '<https://example.com/u>' },
      priority: 'Low',
      inReplyTo: '<a@b>',
      references: ['<c@d>', '<a@b>'],
      date: '2027-01-01T00:00:00Z',
    },
    options: { delay: '1h', notAfter: '2028-01-01T00:00:00Z', idempotencyKey: 'k' },
  },
  { now: new Date('2027-01-31T08:00:00Z') },
).job

const SOME_DIGEST = 'a'.repeat(64)

test('every job that is created is read again as it was', () => {
  expect(parseJob(structuredClone(JSON.parse(JSON.stringify(FULL))))).toEqual({
    kind: 'job',
    job: FULL,
  })
})

test.for<[data: unknown, version: number | undefined]>([
  [{ ...FULL, version: 4 }, 4],
  [{ ...FULL, version: '1' }, undefined],
  [{}, undefined],
  [[], undefined],
])('a job of another version is told from a broken one (%#)', ([data, version]) => {
  const parsed = parseJob(data)
  const error = parsed.kind === 'unreadable' ? parsed.error : undefined
  expect(error).toBeInstanceOf(UnsupportedJobVersionError)
  expect(error).toMatchObject({ code: 'UNSUPPORTED_JOB_VERSION', version })
})

test.for<[what: string, change: object, path: string]>([
  [
    'a header object',
    { message: { headers: [['X-A', { prepared: true }]] } },
    'message.headers[0][1]',
  ],
  [
    'a header that is not permitted',
    { message: { headers: [['Bcc', 'x@y.z']] } },
    'message.headers[0]',
  ],
  [
    'a header with a line break',
    { message: { headers: [['X-A', 'a\r\nBcc: b']] } },
    'message.headers[0]',
  ],
  [
    'a line break in a name',
    { message: { to: [{ name: 'a\nb', address: 'a@b.c' }] } },
    'message.to[0].name',
  ],
  [
    'a command in an address',
    { message: { from: { address: 'a@b.c>\r\nDATA' } } },
    'message.from.address',
  ],
  ['a command in the envelope', { envelope: { to: ['a@b.c>\r\nDATA'] } }, 'envelope.to[0]'],
  ['a sender that is no address', { envelope: { from: 'x', to: ['a@b.c'] } }, 'envelope.from'],
  ['nobody to send to', { envelope: { to: [] } }, 'envelope.to'],
  [
    'a file',
    { message: { attachments: [{ path: '/etc/passwd', disposition: 'attachment', content: '' }] } },
    'message.attachments[0].path',
  ],
  [
    'content that is not base64',
    { message: { attachments: [{ disposition: 'inline', content: 'a\r\n' }] } },
    'message.attachments[0].content',
  ],
  ['a bcc', { message: { bcc: [{ address: 'a@b.c' }] } }, 'message.bcc'],
  ['a dkim key', { message: { dkim: {} } }, 'message.dkim'],
  ['a line break in the subject', { message: { subject: 'a\r\nb' } }, 'message.subject'],
  ['a line break in the Message-ID', { messageId: '<a@b>\r\nBcc: x' }, 'messageId'],
  ['a digest that breaks a boundary', { digest: 'x"\r\nContent-Type: y' }, 'digest'],
  ['a deadline that is text', { notAfter: 'tomorrow' }, 'notAfter'],
  ['something unknown', { raw: 'x' }, 'raw'],
  [
    'bodies beside it that no memory is made for',
    { version: 3, message: { bodies: { sha256: SOME_DIGEST, bytes: 8_388_609 } } },
    'message.bodies',
  ],
  [
    'bodies beside it and a text in it',
    { version: 3, message: { text: 'a', bodies: { sha256: SOME_DIGEST, bytes: 1 } } },
    'message.bodies',
  ],
  [
    'bodies beside it in a version that has none',
    { version: 2, message: { bodies: { sha256: SOME_DIGEST, bytes: 1 } } },
    'message.bodies',
  ],
])('a job with %s is not read', ([, change, path]) => {
  const data: Record<string, unknown> = { ...FULL, ...change }
  if ('message' in change) data['message'] = { priority: 'Normal', ...Object(change.message) }
  const parsed = parseJob(data)
  const error = parsed.kind === 'unreadable' ? parsed.error : undefined
  expect(error).toBeInstanceOf(InvalidJobError)
  expect(error).toMatchObject({ issues: [{ path }] })
})

test.for([[undefined], [null], ['text'], [5]])('%s is no job', ([data]) => {
  expect(parseJob(data)).toMatchObject({ kind: 'unreadable', error: { code: 'INVALID_JOB' } })
})
