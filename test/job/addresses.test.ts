import { expect, test } from 'vitest'

import { createJob } from '../../src/job/create-job.ts'
import type { MailboxesInput } from '../../src/job/mailbox-input.ts'
import type { MessageInput } from '../../src/job/message-input.ts'
import type { JobMessage } from '../../src/job/send-mail-job.ts'

test.for<
  [input: MailboxesInput, mailboxes: readonly [name: string | undefined, address: string][]]
>([
  ['bob@example.com', [[undefined, 'bob@example.com']]],
  [
    'a@b.example; c@d.example, e@f.example;',
    [
      [undefined, 'a@b.example'],
      [undefined, 'c@d.example'],
      [undefined, 'e@f.example'],
    ],
  ],
  [
    '"Smith, John; Jr." <john@example.com>, Eve <eve@example.com>',
    [
      ['Smith, John; Jr.', 'john@example.com'],
      ['Eve', 'eve@example.com'],
    ],
  ],
  [['"Smith, John" <john@example.com>'], [['Smith, John', 'john@example.com']]],
  [
    { name: 'Smith, "Jack" John', address: 'john@example.com' },
    [['Smith, "Jack" John', 'john@example.com']],
  ],
  [
    'Иван Петров <ivan@example.com>; 王小明 <wang@example.com>; José Ñuñez <jose@example.com>',
    [
      ['Иван Петров', 'ivan@example.com'],
      ['王小明', 'wang@example.com'],
      ['José Ñuñez', 'jose@example.com'],
    ],
  ],
  [[{ name: '  ', address: 'bob@example.com' }], [[undefined, 'bob@example.com']]],
  [[{ name: undefined, address: 'bob@example.com' }], [[undefined, 'bob@example.com']]],
  ['用户@例え.jp', [[undefined, '用户@例え.jp']]],
  ['"john smith"@example.com', [[undefined, '"john smith"@example.com']]],
])('%j is read as its mailboxes', ([to, mailboxes]) => {
  expect(jobOf({ to }).message.to).toEqual(
    mailboxes.map(([name, address]) => (name === undefined ? { address } : { name, address })),
  )
})

test('an international domain is ASCII in the envelope and stays as it was written in the message', () => {
  const job = jobOf({ from: 'Ann <ann@bücher.example>', to: 'bob@пример.рф' })
  expect(job.envelope).toEqual({
    from: 'ann@xn--bcher-kva.example',
    to: ['bob@xn--e1afmkfd.xn--p1ai'],
  })
  expect(job.message.to).toEqual([{ address: 'bob@пример.рф' }])
  expect(job.messageId).toMatch(/^<m-[\w-]+@xn--bcher-kva\.example>$/)
})

test('an international local part stays as it is in the envelope', () => {
  expect(jobOf({ to: '用户@例え.jp' }).envelope.to).toEqual(['用户@例え.jp'])
})

test('the envelope has everybody in to, cc and bcc once, and the message does not know bcc', () => {
  const job = jobOf({
    to: 'Bob <bob@example.com>, ann@bücher.example',
    cc: ['bob@EXAMPLE.com', 'Bob@example.com'],
    bcc: 'eve@example.com; ann@xn--bcher-kva.example',
  })
  expect(job.envelope.to).toEqual([
    'bob@example.com',
    'ann@xn--bcher-kva.example',
    'Bob@example.com',
    'eve@example.com',
  ])
  expect(JSON.stringify(job.message)).not.toMatch(/bcc|eve/)
})

test("the caller's envelope replaces the one that the message implies", () => {
  const message = { from: 'ann@example.com', to: 'bob@example.com', bcc: 'eve@example.com' }
  const envelope = { from: 'Bounces <bounces@example.com>', to: 'List <list@例え.jp>' }
  expect(createJob({ connection: 'relay', message, envelope }, CONTEXT).job.envelope).toEqual({
    from: 'bounces@example.com',
    to: ['list@xn--r8jz45g.jp'],
  })
})

test('an empty sender in the envelope is the null sender', () => {
  const message = { from: 'ann@example.com', to: 'bob@example.com' }
  const { job } = createJob({ connection: 'relay', message, envelope: { from: '' } }, CONTEXT)
  expect(job.envelope).toEqual({ from: '', to: ['bob@example.com'] })
})

test('a message without author leaves the sender to the connection manager', () => {
  const { envelope, message, messageId } = jobOf({ from: undefined, bcc: 'bob@example.com' })
  expect(envelope).toEqual({ to: ['bob@example.com'] })
  expect(message).not.toHaveProperty('from')
  expect(messageId).toMatch(/@mailroom\.invalid>$/)
})

const CONTEXT = { now: new Date('2027-01-31T08:00:00Z') }

function jobOf(message: MessageInput) {
  const { job } = createJob(
    { connection: 'relay', message: { from: 'a@b.example', ...message } },
    CONTEXT,
  )
  return { ...job, message: job.message as JobMessage }
}
