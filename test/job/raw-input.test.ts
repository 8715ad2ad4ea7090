import { expect, test } from 'vitest'

import { createJob } from '../../src/job/create-job.ts'
import { parseJob } from '../../src/job/parse-job.ts'
import type { RawInput } from '../../src/job/raw-input.ts'
import type { SendMail } from '../../src/job/send-mail.ts'

const NOW = new Date('2027-01-31T08:00:00Z')
const TEXT = 'From: ann@example.com\r\nMessage-ID: <own@example.com>\r\n\r\nGrüße\r\n'
const ENVELOPE = { from: 'bounces@example.com', to: 'bob@example.com' }

test('a raw message is in the job byte for byte, with its own Message-ID', () => {
  const { job } = create(TEXT)
  expect(Buffer.from(job.raw?.content ?? '', 'base64').toString()).toBe(TEXT)
  expect(job).toMatchObject({
    messageId: '<own@example.com>',
    raw: { eightBit: 'body' },
    envelope: { from: 'bounces@example.com', to: ['bob@example.com'] },
  })
  expect(parseJob(JSON.parse(JSON.stringify(job)))).toEqual({ kind: 'job', job })
})

test('a raw message without a Message-ID is known by one of ours', () => {
  const { job } = create('From: ann@example.com\r\n\r\nHello\r\n')
  expect(job.messageId).toBe(`<${job.id}@example.com>`)
})

test('text, bytes, base64 and mended lines of the same message are the same message', () => {
  const forms: readonly RawInput[] = [
    TEXT,
    Buffer.from(TEXT),
    { content: TEXT },
    { content: Buffer.from(TEXT).toString('base64'), encoding: 'base64' },
    { content: TEXT.replaceAll('\r\n', '\n'), lineEnds: 'crlf' },
  ]
  const digests = forms.map((form) => create(form).job.digest)
  expect(new Set(digests).size).toBe(1)
  expect(create(TEXT.replace('Grüße', 'Hallo')).job.digest).not.toBe(digests[0])
})

test('a fingerprint says what is the same request, whatever the bytes are', () => {
  const options = { idempotencyKey: 'k', fingerprint: 'f' }
  const [one, same, other] = [
    { raw: TEXT, options },
    { raw: TEXT.replace('Grüße', 'Hallo'), options },
    { raw: TEXT, options: { ...options, fingerprint: 'g' } },
  ].map((mail) => createJob({ connection: 'relay', envelope: ENVELOPE, ...mail }, { now: NOW }))
  expect(same?.job.digest).toBe(one?.job.digest)
  expect(other?.job.digest).not.toBe(one?.job.digest)
})

test.for<[what: string, change: Record<string, unknown>, path: string, problem: RegExp]>([
  ['a message besides', { message: { to: 'a@b.example' } }, 'raw', /got both/],
  ['nobody to send to', { envelope: {} }, 'envelope.to', /recipients of a raw message/],
  ['no envelope', { envelope: undefined }, 'envelope.to', /recipients of a raw message/],
  ['a number', { raw: 5 }, 'raw', /got number/],
  ['neither content nor path', { raw: {} }, 'raw', /`content` or `path`/],
  ['a path that was not read', { raw: { path: '/etc/passwd' } }, 'raw.path', /not read/],
  ['content and path', { raw: { path: 'x', content: 'x' } }, 'raw', /got both/],
  ['content that is no base64', { raw: { content: '!', encoding: 'base64' } }, 'raw.content', /64/],
  [
    'an encoding of bytes',
    { raw: { content: Buffer.of(), encoding: 'utf8' } },
    'raw.encoding',
    /none/,
  ],
  ['unknown line ends', { raw: { content: TEXT, lineEnds: 'lf' } }, 'raw.lineEnds', /as-is/],
])('a raw message with %s is refused', ([, change, path, problem]) => {
  const mail = { connection: 'relay', raw: TEXT, envelope: ENVELOPE, ...change }
  expect(() => createJob(mail as SendMail, { now: NOW })).toThrow(
    expect.objectContaining({ issues: [{ path, problem: expect.stringMatching(problem) }] }),
  )
})

test('what could not arrive byte for byte is refused with its place', () => {
  expect(() => create('From: a\nTo: b\n')).toThrow(
    expect.objectContaining({ code: 'RAW_NOT_SENDABLE', reason: 'bare-lf', offset: 7 }),
  )
})

test('a message over the limit is refused with its size, as it would be encoded', () => {
  const context = { now: NOW, maxMessageBytes: 1_000 }
  const raw = `${TEXT}${'x'.repeat(900)}\r\n${'x'.repeat(60)}`
  expect(() => createJob({ connection: 'relay', raw, envelope: ENVELOPE }, context)).toThrow(
    expect.objectContaining({
      code: 'MESSAGE_TOO_LARGE',
      size: Buffer.byteLength(raw),
      limit: 1_000,
    }),
  )
  const message = {
    from: 'a@b.example',
    to: 'c@d.example',
    attachments: [{ content: 'x'.repeat(760) }],
  }
  expect(() => createJob({ connection: 'relay', message }, context)).toThrow(
    expect.objectContaining({ code: 'MESSAGE_TOO_LARGE', size: 14 * 78 }),
  )
})

function create(raw: RawInput) {
  return createJob({ connection: 'relay', raw, envelope: ENVELOPE }, { now: NOW })
}
