import { deflateRawSync, zstdCompressSync } from 'node:zlib'

import { expect, test } from 'vitest'

import { createJob } from '../../src/job/create-job.ts'
import { MAX_PACKED_BYTES } from '../../src/job/limits.ts'
import { packBodies } from '../../src/job/packed-bodies.ts'
import { parseJob } from '../../src/job/parse-job.ts'
import type { MessageInput } from '../../src/job/message-input.ts'
import type { SendMailJob } from '../../src/job/send-mail-job.ts'

const NOW = new Date('2027-01-31T08:00:00Z')
const LONG = 'Grüße aus Köln, 你好 😀\r\n'.repeat(100)

function jobWith(bodies: Pick<MessageInput, 'text' | 'html'>): SendMailJob {
  const message = { from: 'a@example.com', to: 'b@example.org', subject: 'Hi', ...bodies }
  return createJob({ connection: 'relay', message }, { now: NOW }).job
}

/** As it comes out of the queue. */
function stored(job: unknown): unknown {
  return JSON.parse(JSON.stringify(job))
}

test.for<[what: string, bodies: Pick<MessageInput, 'text' | 'html'>]>([
  ['text', { text: LONG }],
  ['HTML', { html: `<p>${LONG}</p>` }],
  ['both', { text: LONG, html: `<p>${LONG}</p>` }],
  ['a byte order mark', { text: `\uFEFF${LONG}` }],
  ['more than is packed at once', { text: LONG.repeat(60), html: `<p>${LONG.repeat(60)}</p>` }],
])('a long message of %s waits packed, and is read as it was', async ([, bodies]) => {
  const job = jobWith(bodies)
  const packed = await packBodies(job)
  expect(packed.version).toBe(3)
  expect(JSON.stringify(packed).length).toBeLessThan(JSON.stringify(job).length / 2)
  expect(parseJob(stored(packed))).toEqual({ kind: 'job', job: { ...job, version: 3 } })
})

test('the bodies of 30 kB of HTML of rows that are alike take a third of it at most', async () => {
  const html = Array.from({ length: 240 }, (_, at) => row(at)).join('')
  const packed = await packBodies(jobWith({ html }))
  expect(html.length).toBeGreaterThan(28_000)
  expect(JSON.stringify(packed).length).toBeLessThan(html.length / 3)
})

test.for<[what: string, bodies: Pick<MessageInput, 'text' | 'html'>]>([
  ['a short message', { text: 'Hello', html: '<p>Hello</p>' }],
  ['a message without bodies', {}],
  ['a message that would become longer', { text: Buffer.from(noise(2_000)).toString('base64') }],
])('%s waits as it is', async ([, bodies]) => {
  const job = jobWith(bodies)
  expect(await packBodies(job)).toBe(job)
})

test('a whole message waits as it is', async () => {
  const raw = `Subject: Hi\r\n\r\n${LONG}`
  const envelope = { from: 'a@example.com', to: 'b@example.org' }
  const { job } = createJob({ connection: 'relay', raw, envelope }, { now: NOW })
  expect(await packBodies(job)).toBe(job)
})

const deflated = (text: string): string => deflateRawSync(text).toString('base64')
const zstd = (text: string): string => zstdCompressSync(text).toString('base64')
const BOMB = '0'.repeat(MAX_PACKED_BYTES + 1)

test.for<[what: string, packed: object, path: string]>([
  ['nothing that was deflated', { deflate: 'AAAA' }, 'message.deflate'],
  ['nothing that Zstandard made', { zstd: 'AAAA' }, 'message.zstd'],
  ['both', { deflate: deflated('text\0'), zstd: zstd('text\0') }, 'message.zstd'],
  ['no end of its text', { deflate: deflated('text alone') }, 'message.deflate'],
  ['something else than text', { zstd: 7 }, 'message.zstd'],
  ['more deflated bytes than anybody packs', { deflate: deflated(BOMB) }, 'message.deflate'],
  ['more bytes of Zstandard than anybody packs', { zstd: zstd(BOMB) }, 'message.zstd'],
  ['a text with a NUL', { deflate: deflated('text\0html\0more') }, 'message.html'],
])('a packed job that has %s is refused', ([, packed, path]) => {
  const { message, ...shell } = jobWith({ text: LONG })
  const { text: _text, ...others } = { ...message }
  const parsed = parseJob({ ...shell, version: 3, message: { ...others, ...packed } })
  const error = parsed.kind === 'unreadable' ? parsed.error : undefined
  expect(error).toMatchObject({ code: 'INVALID_JOB' })
  expect(error?.message).toContain(path)
})

test('a job of an older version has nothing packed', async () => {
  const packed = await packBodies(jobWith({ text: LONG }))
  expect(parseJob({ ...packed, version: 2 }).kind).toBe('unreadable')
})

/** A row of a long page. */
function row(at: number): string {
  return `<tr><td style="padding:12px 24px;color:#333333"><a href="https://shop.example.com/${at * 7919}">Item ${at}</a></td><td>${(at * 31) % 997}.00 EUR</td></tr>`
}

/** Bytes that nothing makes shorter. */
function noise(length: number): Uint8Array {
  let state = 1
  return Uint8Array.from({ length }, () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return (state >>> 16) & 255
  })
}
