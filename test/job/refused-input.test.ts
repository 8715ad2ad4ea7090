import { expect, test } from 'vitest'

import { createJob } from '../../src/job/create-job.ts'
import { InvalidJobError } from '../../src/job/errors.ts'
import type { JobIssue } from '../../src/job/job-issue.ts'

const NOW = new Date('2027-01-31T08:00:00Z')
const GOOD = { from: 'alerts@example.com', to: 'bob@example.com', subject: 'Hello', text: 'Hi' }

test.for<[what: string, message: Record<string, unknown>, path: string, problem: RegExp]>([
  ['a text that is no address', { to: 'bob' }, 'message.to', /at sign, at character 4/],
  ['one bad entry of a list', { to: ['a@b.example', 'bob'] }, 'message.to[1]', /at sign/],
  ['two mailboxes where one is expected', { from: 'a@b.c, d@e.f' }, 'message.from', /one mailbox/],
  ['a number as a mailbox', { cc: [5] }, 'message.cc[0]', /got number/],
  ['null as a mailbox', { replyTo: null }, 'message.replyTo', /got null/],
  ['a mailbox without address', { to: { name: 'Bob' } }, 'message.to.address', /got undefined/],
  [
    'a group in a mailbox',
    { to: [{ group: [], address: 'a@b.c' }] },
    'message.to[0].group',
    /no such/,
  ],
  [
    'a line break in a name',
    { to: [{ name: 'B\r\nBcc: x', address: 'b@c.d' }] },
    'message.to[0].name',
    /line breaks/,
  ],
  ['a line break in a list', { to: 'Bob\r\nBcc: eve@example.com' }, 'message.to', /line breaks/],
  [
    'a line break in an address',
    { to: [{ address: 'b@c.d\r\nRCPT TO:<e@f.g>' }] },
    'message.to[0].address',
    /at sign/,
  ],
  [
    'a name longer than a line',
    { to: [{ name: 'x'.repeat(257), address: 'b@c.d' }] },
    'message.to[0].name',
    /at most 256/,
  ],
  ['a line break in the subject', { subject: 'a\nBcc: x' }, 'message.subject', /line breaks/],
  ['half of a character in the subject', { subject: 'a\ud83d' }, 'message.subject', /Unicode/],
  ['a subject longer than a line', { subject: 'ü'.repeat(500) }, 'message.subject', /octets/],
  ['text that is no text', { text: Buffer.from('x') }, 'message.text', /expected string, got/],
  ['text from a file', { text: { path: '/etc/passwd' } }, 'message.text', /got object/],
  ['HTML from a URL', { html: { href: 'http://example.com' } }, 'message.html', /got object/],
  ['NUL in the text', { text: 'a\0b' }, 'message.text', /NUL/],
  ['an unknown property', { dkim: {} }, 'message.dkim', /no such property/],
  ['raw bytes', { raw: 'From: x' }, 'message.raw', /no such property/],
  ['an unknown priority', { priority: 'Urgent' }, 'message.priority', /"High", "Normal" or "Low"/],
  ['SSIS priority 0', { priority: 0 }, 'message.priority', /"High"/],
  ['a date without offset', { date: '2027-01-31T08:00:00' }, 'message.date', /ISO 8601/],
  ['a date that is none', { date: new Date('x') }, 'message.date', /valid date/],
  ['an answer to no identifier', { inReplyTo: 'x' }, 'message.inReplyTo', /identifier/],
  [
    'a line break in references',
    { references: ['<a@b>', '<c@d>\r\nBcc: x'] },
    'message.references[1]',
    /identifier/,
  ],
])('%s is refused', ([, message, path, problem]) => {
  expect(issuesOf({ message: { ...GOOD, ...message } })).toEqual([
    { path, problem: expect.stringMatching(problem) },
  ])
})

test.for<[what: string, header: Record<string, unknown>, path: string, problem: RegExp]>([
  ['a line break in a value', { 'X-A': 'a\r\nBcc: eve@example.com' }, '["X-A"]', /line breaks/],
  ['a bare CR', { 'X-A': 'a\rb' }, '["X-A"]', /line breaks/],
  ['a NUL', { 'X-A': 'a\0b' }, '["X-A"]', /control/],
  ['a line break in a name', { 'X-A\r\nBcc': 'x' }, '[…]', /expected "X-…"/],
  ['a colon in a name', { 'X-A: b\nBcc': 'x' }, '[…]', /expected "X-…"/],
  ['From', { from: 'x@y.z' }, '.from', /message\.from/],
  ['Bcc', { BCC: 'x@y.z' }, '.BCC', /message\.bcc/],
  ['X-Priority', { 'x-priority': '1' }, '["x-priority"]', /message\.priority/],
  ['Return-Path', { 'Return-Path': 'x' }, '["Return-Path"]', /envelope\.from/],
  ["Mailroom's own", { 'X-Mailroom-Original-To': 'x' }, '["X-Mailroom-Original-To"]', /reserved/],
  ['Content-Type', { 'Content-Type': 'text/html' }, '["Content-Type"]', /expected "X-…"/],
  ['DKIM-Signature', { 'DKIM-Signature': 'v=1' }, '["DKIM-Signature"]', /expected "X-…"/],
  ['Received', { Received: 'x' }, '.Received', /expected "X-…"/],
  [
    'a header object of nodemailer',
    { 'X-A': { prepared: true, value: 'x' } },
    '["X-A"]',
    /got object/,
  ],
  ['several values', { 'X-A': ['a', 'b'] }, '["X-A"]', /got array/],
  ['no value', { 'X-A': ' ' }, '["X-A"]', /got none/],
  ['a value longer than a line', { 'X-A': 'x'.repeat(994) }, '["X-A"]', /998 octets, got 999/],
  ['letters beyond ASCII in a structured header', { 'List-Id': 'Ä <a.b>' }, '["List-Id"]', /ASCII/],
  ['an inherited name', { constructor: 'x' }, '.constructor', /expected "X-…"/],
])('a header with %s is refused', ([, headers, path, problem]) => {
  expect(issuesOf({ message: { ...GOOD, headers } })).toEqual([
    { path: `message.headers${path}`, problem: expect.stringMatching(problem) },
  ])
})

test.for<[what: string, attachment: unknown, path: string, problem: RegExp]>([
  ['nothing in it', {}, '', /`content` or `path`/],
  ['content and path', { content: 'x', path: '/x' }, '', /got both/],
  ['a path that nobody read', { path: '/x' }, '.path', /was not read/],
  ['a URL', { href: 'http://example.com' }, '.href', /no such property/],
  ['content that is a stream', { content: { pipe: 1 } }, '.content', /text or bytes, got object/],
  ['content that is not base64', { content: 'a?b', encoding: 'base64' }, '.content', /base64/],
  ['directories in its name', { content: 'x', filename: '../x.txt' }, '.filename', /directories/],
  ['a line break in its name', { content: 'x', filename: 'a\nb' }, '.filename', /line breaks/],
  [
    'a type with a line break',
    { content: 'x', contentType: 'text/plain\r\nX: y' },
    '.contentType',
    /media type/,
  ],
  [
    'a type with parts',
    { content: 'x', contentType: 'multipart/mixed' },
    '.contentType',
    /multipart/,
  ],
  [
    'a name in its type',
    { content: 'x', contentType: 'text/plain; name=y' },
    '.contentType',
    /media type/,
  ],
  ['a cid in angle brackets', { content: 'x', cid: '<logo>' }, '.cid', /angle brackets/],
  ['headers of its own', { content: 'x', headers: {} }, '.headers', /no such property/],
])('an attachment with %s is refused', ([, attachment, path, problem]) => {
  expect(issuesOf({ message: { ...GOOD, attachments: [attachment] } })).toContainEqual({
    path: `message.attachments[0]${path}`,
    problem: expect.stringMatching(problem),
  })
})

test('two inline images with the same cid are refused', () => {
  const image = { content: 'x', cid: 'logo' }
  expect(issuesOf({ message: { ...GOOD, attachments: [image, image] } })).toEqual([
    { path: 'message.attachments[1].cid', problem: expect.stringContaining('same') },
  ])
})

test.for<[what: string, request: Record<string, unknown>, path: string, problem: RegExp]>([
  ['no connection', { connection: undefined }, 'connection', /expected string/],
  ['an empty connection', { connection: ' ' }, 'connection', /name of a connection manager/],
  [
    'no recipient',
    { message: { from: 'a@b.c', to: '', cc: [] } },
    'message',
    /at least one recipient/,
  ],
  ['no message', { message: undefined }, 'message', /expected object, got undefined/],
  ['an unknown property', { extra: 1 }, 'extra', /no such property/],
  ['a bad recipient in the envelope', { envelope: { to: ['bob'] } }, 'envelope.to[0]', /at sign/],
  ['a bad sender in the envelope', { envelope: { from: 'bob' } }, 'envelope.from', /at sign/],
  ['options of the envelope', { envelope: { size: 5 } }, 'envelope.size', /no such property/],
  ['delay and sendAt', { options: { delay: '5m', sendAt: NOW } }, 'options', /got both/],
  ['a delay that is none', { options: { delay: 'soon' } }, 'options.delay', /duration/],
  ['a delay of two years', { options: { delay: '731d' } }, 'options.delay', /366 days/],
  ['a time without offset', { options: { sendAt: '2027-02-01' } }, 'options.sendAt', /ISO 8601/],
  ['a time as a number', { options: { sendAt: 5 } }, 'options.sendAt', /ISO 8601/],
  ['a deadline that is over', { options: { notAfter: NOW } }, 'options.notAfter', /after the one/],
  [
    'a deadline before it is due',
    { options: { delay: '1h', notAfter: '2027-01-31T08:30:00Z' } },
    'options.notAfter',
    /after the one/,
  ],
  [
    'a queue priority of SSIS',
    { options: { priority: 'High' } },
    'options.priority',
    /"high", "normal", "low"/,
  ],
  [
    'an empty idempotency key',
    { options: { idempotencyKey: '' } },
    'options.idempotencyKey',
    /one character/,
  ],
  ...(
    [
      ['reports on nothing', { notify: [] }, 'notify', />=1 items/],
      ['reports on the unheard of', { notify: ['read'] }, 'notify', /"never", or some of/],
      ['half a message back', { return: 'half' }, 'return', /"headers", "full"|"headers"/],
      ['a command in the envelope id', { envelopeId: 'a\r\nDATA' }, 'envelopeId', /ASCII/],
      ['an envelope id too long', { envelopeId: '+'.repeat(34) }, 'envelopeId', /at most 100/],
    ] as const
  ).map(([what, dsn, key, problem]): [string, Record<string, unknown>, string, RegExp] => [
    what,
    { options: { dsn } },
    `options.dsn.${key}`,
    problem,
  ]),
])('a request with %s is refused', ([, request, path, problem]) => {
  expect(issuesOf(request)).toEqual([{ path, problem: expect.stringMatching(problem) }])
})

test('more recipients, attachments, headers or references than allowed are refused', () => {
  const to = Array.from({ length: 1001 }, (_, n) => `r${n}@example.com`)
  expect(issuesOf({ message: { ...GOOD, to } })).toEqual([
    { path: 'message', problem: expect.stringContaining('at most 1000 recipients, got 1001') },
  ])
  const attachments = Array.from({ length: 101 }, () => ({ content: '' }))
  expect(issuesOf({ message: { ...GOOD, attachments } })).toMatchObject([
    { path: 'message.attachments' },
  ])
  const headers = Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`X-${n}`, 'x']))
  expect(issuesOf({ message: { ...GOOD, headers } })).toMatchObject([{ path: 'message.headers' }])
  const references = Array.from({ length: 101 }, (_, n) => `<${n}@x>`)
  expect(issuesOf({ message: { ...GOOD, references } })).toMatchObject([
    { path: 'message.references' },
  ])
})

test.for([[undefined], [null], ['job'], [[]]])('%s is no job', ([input]) => {
  expect(() => Reflect.apply(createJob, undefined, [input, { now: NOW }])).toThrow(InvalidJobError)
})

test('all problems are told at once, with their paths and without their values', () => {
  const error = errorOf({
    connection: '',
    message: {
      to: ['secret-mailbox', { address: 'a@b.c', secret: 1 }],
      subject: 'secret\nsubject',
      headers: { 'X-Ok': 'fine', 'X-Bad': 'secret\r\n', 'secret@example.com': 'x' },
      attachments: [{ content: 'secret!', encoding: 'base64' }],
      'secret property': 1,
    },
    options: { delay: 'secret' },
  })
  expect(error.issues.map(({ path }) => path)).toEqual([
    'connection',
    'message.to[0]',
    'message.to[1].secret',
    'message.subject',
    'message.attachments[0].content',
    'message.headers["X-Bad"]',
    'message.headers[…]',
    'message[…]',
    'options.delay',
  ])
  expect(error.code).toBe('INVALID_JOB')
  expect(error.message).toContain('the job has 9 problems\n  connection: expected')
  expect(error.message.replace('message.to[1].secret', '')).not.toContain('secret')
})

function issuesOf(request: Record<string, unknown>): readonly JobIssue[] {
  return errorOf({ connection: 'relay', message: GOOD, ...request }).issues
}

function errorOf(request: object): InvalidJobError {
  try {
    Reflect.apply(createJob, undefined, [request, { now: NOW }])
  } catch (error) {
    if (error instanceof InvalidJobError) return error
    throw error
  }
  throw new Error('the request was accepted')
}
