import { createTransport } from 'nodemailer'
import type { SendMailOptions } from 'nodemailer'
import { expect, test } from 'vitest'

import { readEml } from '../../src/cli/eml/read-eml.ts'
import { sendMailSchema } from '../../src/job/send-mail.ts'

async function compose(mail: SendMailOptions): Promise<Buffer> {
  const transport = createTransport({ streamTransport: true, buffer: true })
  const { message } = await transport.sendMail(mail)
  return Buffer.isBuffer(message) ? message : Buffer.alloc(0)
}

const lines = (...text: readonly string[]): Buffer => Buffer.from(text.join('\r\n'))

test('everything that a job can carry is kept, and the job is valid', async () => {
  const image = Buffer.from('89504e470d0a1a0a', 'hex')
  const { message, leftOut } = readEml(
    await compose({
      from: '"Zoë, Dr." <zoe@example.com>',
      sender: 'office@example.com',
      to: ['Юлия <yulia@example.org>', 'bob@example.org'],
      cc: '王小明 <xiaoming@example.org>',
      replyTo: 'replies@example.com',
      subject: 'Grüße, привет, 你好',
      text: 'Ёлка\n',
      html: '<p>Ёлка <img src="cid:logo@x"></p>',
      attachments: [
        { filename: 'logo.png', content: image, cid: 'logo@x' },
        { filename: 'отчёт.txt', content: 'numbers' },
      ],
      priority: 'high',
      inReplyTo: '<question@example.org>',
      references: ['<first@example.org>', '<question@example.org>'],
      date: new Date('2027-01-31T08:00:00Z'),
      headers: { 'X-Order': '17', 'List-Id': '<news.example.com>' },
    }),
  )
  expect(sendMailSchema.safeParse({ connection: 'relay', message })).toMatchObject({
    success: true,
  })
  expect(leftOut).toEqual(['Message-ID'])
  expect(message).toEqual({
    from: { name: 'Zoë, Dr.', address: 'zoe@example.com' },
    sender: { address: 'office@example.com' },
    to: [{ name: 'Юлия', address: 'yulia@example.org' }, { address: 'bob@example.org' }],
    cc: [{ name: '王小明', address: 'xiaoming@example.org' }],
    bcc: [],
    replyTo: [{ address: 'replies@example.com' }],
    subject: 'Grüße, привет, 你好',
    text: 'Ёлка\n',
    html: '<p>Ёлка <img src="cid:logo@x"></p>',
    attachments: [
      {
        filename: 'logo.png',
        contentType: 'image/png',
        cid: 'logo@x',
        disposition: 'inline',
        content: image.toString('base64'),
        encoding: 'base64',
      },
      {
        filename: 'отчёт.txt',
        contentType: 'text/plain',
        disposition: 'attachment',
        content: Buffer.from('numbers').toString('base64'),
        encoding: 'base64',
      },
    ],
    headers: { 'X-Order': '17', 'List-ID': '<news.example.com>' },
    priority: 'High',
    inReplyTo: '<question@example.org>',
    references: ['<first@example.org>', '<question@example.org>'],
    date: new Date('2027-01-31T08:00:00Z'),
  })
})

test('headers that no job may have are named and left out, trace fields silently', () => {
  const { message, leftOut } = readEml(
    lines(
      'Return-Path: <bounces@example.com>',
      'Received: from a by b; Mon, 1 Jan 2027 00:00:00 +0000',
      'DKIM-Signature: v=1; a=rsa-sha256',
      'Message-ID: <old@example.com>',
      'X-Kept: yes',
      'X-Kept: a second time',
      'Resent-From: someone@example.com',
      'To: undisclosed-recipients:;',
      'MIME-Version: 1.0',
      '',
      'body',
    ),
  )
  expect(leftOut).toEqual(['DKIM-Signature', 'Message-ID', 'X-Kept', 'Resent-From'])
  expect(message).toMatchObject({ headers: { 'X-Kept': 'yes' }, to: [], text: 'body' })
})

test('a mail with only HTML has no text', () => {
  const { message } = readEml(lines('Content-Type: text/html; charset=koi8-r', '', '<p>hi</p>'))
  expect(message).toMatchObject({ html: '<p>hi</p>' })
  expect(message).not.toHaveProperty('text')
})

test('an image that the HTML does not show is an attachment', () => {
  const { message } = readEml(
    lines(
      'Content-Type: multipart/mixed; boundary=b',
      '',
      '--b',
      'Content-Type: text/html',
      '',
      '<p>no image</p>',
      '--b',
      'Content-Type: image/png; name="C:\\photos\\me.png"',
      'Content-ID: <photo@x>',
      'Content-Transfer-Encoding: base64',
      '',
      'iVBORw0=',
      '--b--',
    ),
  )
  expect(message.attachments).toEqual([
    {
      filename: 'me.png',
      contentType: 'image/png',
      disposition: 'attachment',
      content: 'iVBORw0=',
      encoding: 'base64',
    },
  ])
})

test('a message within a message is attached as it is', () => {
  const inner = 'Subject: inner\r\n\r\ninner body'
  const { message } = readEml(
    lines(
      'Content-Type: multipart/mixed; boundary=b',
      '',
      '--b',
      'Content-Type: message/rfc822',
      '',
      inner,
      '--b--',
    ),
  )
  expect(message.attachments).toMatchObject([
    { contentType: 'message/rfc822', content: Buffer.from(inner).toString('base64') },
  ])
})

test.for([
  ['no header', '\r\nbody', 'has no header'],
  ['an address that is none', 'To: bob@@example.org\r\n\r\n', 'has an address in "To"'],
  ['two authors', 'From: a@example.com, b@example.com\r\n\r\n', 'has several authors'],
] as const)('%s is refused without repeating it', ([, text, problem]) => {
  expect(() => readEml(Buffer.from(text))).toThrow(
    expect.objectContaining({
      code: 'INVALID_EML',
      message: expect.stringMatching(new RegExp(`^the message on standard input ${problem}[^@]*$`)),
    }),
  )
})
