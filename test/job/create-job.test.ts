import { expect, test } from 'vitest'

import { createJob } from '../../src/job/create-job.ts'
import { JobTooLargeError } from '../../src/job/errors.ts'
import { parseJob } from '../../src/job/parse-job.ts'
import type { ComposedMail, SendMail, SendMailJob } from '../../src/job/send-mail.ts'

const NOW = new Date('2027-01-31T08:00:00Z')
const MAIL = {
  connection: 'relay',
  message: { from: 'ann@example.com', to: 'bob@example.com', subject: 'Hello', text: 'Hi' },
} satisfies SendMail

test('the same idempotency key has the same id and Message-ID at any time', () => {
  const mail = { ...MAIL, options: { idempotencyKey: '4711' } }
  const first = createJob(mail, { now: NOW })
  const later = createJob(mail, { now: new Date('2028-01-01T00:00:00Z') })
  expect(later.job.id).toBe(first.job.id)
  expect(later.job.messageId).toBe(first.job.messageId)
  expect(first.job.id).toMatch(/^m-[\w-]{43}$/)
  expect(first.hasKey).toBe(true)
  expect(first.job.messageId).toBe(`<${first.job.id}@example.com>`)
})

test('without a key every message has an id of its own, in the order of time', () => {
  const ids = [0, 1, 1000, 1e9].map(
    (ms) => createJob(MAIL, { now: new Date(NOW.getTime() + ms) }).job.id,
  )
  expect(ids).toEqual(ids.toSorted())
  expect(createJob(MAIL, { now: NOW }).job.id).not.toBe(ids[0])
  expect(createJob(MAIL, { now: NOW }).hasKey).toBe(false)
  for (const id of ids) expect(id).toMatch(/^m-[\da-f]{32}$/)
})

test('a job that asks servers for more has another version and digest, in one form', () => {
  const options = { idempotencyKey: '4711' }
  const created = (more: SendMail['options']): SendMailJob =>
    createJob({ ...MAIL, options: { ...options, ...more } }, { now: NOW }).job
  const usual = created({})
  const same = [created({ requireTls: false }), created({ dsn: undefined })]
  expect(new Set([usual, ...same].map(({ digest }) => digest)).size).toBe(1)
  expect(usual.version).toBe(1)
  const wishes = [
    created({ dsn: {} }),
    created({ dsn: { notify: 'never' } }),
    created({ dsn: { notify: ['success', 'delay'], required: true } }),
    created({ dsn: { notify: ['success', 'delay'] } }),
    created({ requireTls: true }),
  ]
  expect(new Set([usual, ...wishes].map(({ digest }) => digest)).size).toBe(6)
  for (const job of wishes) {
    expect(job.version).toBe(2)
    expect(parseJob(JSON.parse(JSON.stringify(job)))).toEqual({ kind: 'job', job })
  }
  const other = created({ dsn: { notify: ['delay', 'success', 'delay'], required: false } })
  expect(other.digest).toBe(wishes[3]?.digest)
  expect(other.dsn).toEqual({ notify: ['success', 'delay'] })
})

test('the digest does not depend on the order or the way in which the same is written', () => {
  const one = digestOf({
    connection: 'relay',
    message: {
      from: 'Ann <ann@example.com>',
      to: 'bob@example.com; eve@example.com',
      text: 'Hi',
      priority: 'High',
      headers: { 'X-A': '1', 'X-B': '2' },
      attachments: [{ filename: 'a.txt', content: 'hello' }],
      references: '<a@b> <c@d>',
    },
    options: { idempotencyKey: 'k', priority: 'normal', sendAt: '2027-02-01T00:00:00Z' },
  })
  const other = digestOf({
    options: { sendAt: new Date('2027-02-01T01:00:00+01:00'), idempotencyKey: 'k' },
    message: {
      references: ['<a@b>', '<c@d>'],
      attachments: [{ encoding: 'base64', content: 'aGVs\nbG8=', filename: 'a.txt' }],
      headers: { 'X-B': '2', 'X-A': ' 1 ' },
      priority: 'high',
      text: 'Hi',
      subject: '',
      cc: [],
      to: [{ address: 'bob@example.com' }, 'eve@example.com'],
      from: { address: 'ann@example.com', name: 'Ann' },
    },
    connection: 'relay',
  })
  expect(other).toBe(one)
  expect(one).toMatch(/^[\w-]{22}$/)
})

test.for<[what: string, change: Partial<ComposedMail>]>([
  ['connection', { connection: 'other' }],
  ['text', { message: { ...MAIL.message, text: 'Hi!' } }],
  ['bcc', { message: { ...MAIL.message, bcc: 'eve@example.com' } }],
  ['recipients in the envelope', { envelope: { to: 'eve@example.com' } }],
  ['inline image', { message: { ...MAIL.message, attachments: [{ content: 'x', cid: 'y' }] } }],
  ['queue priority', { options: { priority: 'high' } }],
  ['delay', { options: { delay: '1m' } }],
  ['deadline', { options: { notAfter: '2027-02-01T00:00:00Z' } }],
])('another %s is another digest', ([, change]) => {
  expect(digestOf({ ...MAIL, ...change })).not.toBe(digestOf(MAIL))
})

test('a delay and a send time both become the moment before which nothing is sent', () => {
  const due = NOW.getTime() + 90_000
  for (const options of [{ delay: '1m30s' }, { delay: 90_000 }, { sendAt: new Date(due) }]) {
    expect(createJob({ ...MAIL, options }, { now: NOW }).job.notBefore).toBe(due)
  }
  const past = createJob({ ...MAIL, options: { sendAt: new Date(0) } }, { now: NOW }).job
  expect(past).not.toHaveProperty('notBefore')
})

test('the queue priority and the deadline are what the caller said', () => {
  const options = { priority: 'low', notAfter: '2027-02-01T00:00:00.000Z' } as const
  const { job, priority } = createJob({ ...MAIL, options }, { now: NOW })
  expect(priority).toBe('low')
  expect(job.notAfter).toBe(Date.parse(options.notAfter))
  expect(createJob(MAIL, { now: NOW }).priority).toBe('normal')
})

test('the size is that of the JSON, and a job over the limit is refused with both', () => {
  const mail = { ...MAIL, message: { ...MAIL.message, text: 'ü€😀"\n'.repeat(1000) } }
  const { job, bytes } = createJob(mail, { now: NOW })
  expect(bytes).toBe(Buffer.byteLength(JSON.stringify(job)))
  expect(() => createJob(mail, { now: NOW, maxBytes: bytes })).not.toThrow()
  const error = thrownBy(() => createJob(mail, { now: NOW, maxBytes: bytes - 1 }))
  expect(error).toBeInstanceOf(JobTooLargeError)
  expect(error).toMatchObject({ code: 'JOB_TOO_LARGE', size: bytes, limit: bytes - 1 })
})

test('one mebibyte is the limit unless another is given', () => {
  const message = { ...MAIL.message, attachments: [{ content: Buffer.alloc(800_000) }] }
  const error = thrownBy(() => createJob({ ...MAIL, message }, { now: NOW }))
  expect(error).toMatchObject({ code: 'JOB_TOO_LARGE', limit: 1_048_576 })
})

function digestOf(mail: SendMail): string {
  return createJob(mail, { now: NOW }).job.digest
}

function thrownBy(act: () => unknown): unknown {
  try {
    act()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}
