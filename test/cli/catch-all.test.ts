import { readdir, readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import path from 'node:path'

import { createTransport } from 'nodemailer'
import type { SendMailOptions } from 'nodemailer'
import PostalMime from 'postal-mime'
import { expect, test } from 'vitest'

import type { CaughtMail } from '../../src/cli/catch-all.ts'
import { openCatchAll } from '../../src/cli/catch-all.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

async function send(port: number, mail: SendMailOptions, auth?: object): Promise<string> {
  const transport = createTransport({ host: '127.0.0.1', port, secure: false, ...auth })
  try {
    return (await transport.sendMail(mail)).response
  } finally {
    transport.close()
  }
}

const mail = {
  from: 'Zoë <zoe@example.com>',
  to: 'bob@example.org',
  subject: 'Grüße, привет, 你好',
  text: 'a\n.b\n..c\n',
}

test('a mail is kept whole, with its envelope, under the name that is told', async () => {
  await using directory = await temporaryDirectory()
  const caught: CaughtMail[] = []
  await using server = await openCatchAll({
    directory: path.join(directory.path, 'new', 'mails'),
    port: 0,
    onMail: (one) => caught.push(one),
  })
  await send(server.port, {
    ...mail,
    envelope: { from: 'bounces@example.com', to: ['bob@example.org', 'hidden@example.net'] },
  })

  expect(caught).toMatchObject([
    {
      from: 'bounces@example.com',
      to: ['bob@example.org', 'hidden@example.net'],
      subject: 'Grüße, привет, 你好',
    },
  ])
  expect(await readdir(server.directory)).toEqual([path.basename(caught[0]?.file ?? '')])
  const bytes = await readFile(caught[0]?.file ?? '')
  const parsed = await PostalMime.parse(bytes)
  expect(parsed).toMatchObject({ subject: mail.subject, from: { name: 'Zoë' } })
  expect(parsed.text?.trimEnd()).toBe('a\n.b\n..c')
  expect(bytes.toString().split('\r\n').slice(0, 3)).toEqual([
    'Return-Path: <bounces@example.com>',
    'X-Envelope-To: <bob@example.org>',
    'X-Envelope-To: <hidden@example.net>',
  ])
})

test('a login is not needed and any is accepted', async () => {
  await using directory = await temporaryDirectory()
  await using server = await openCatchAll({ directory: directory.path, port: 0 })
  expect(await send(server.port, mail)).toMatch(/^250 /)
  expect(await send(server.port, mail, { auth: { user: 'anybody', pass: 'anything' } })).toMatch(
    /^250 /,
  )
})

test('a bounce with the null sender is kept', async () => {
  await using directory = await temporaryDirectory()
  const caught: CaughtMail[] = []
  await using server = await openCatchAll({
    directory: directory.path,
    port: 0,
    onMail: (one) => caught.push(one),
  })
  await send(server.port, { ...mail, envelope: { from: '', to: ['bob@example.org'] } })
  expect(caught).toMatchObject([{ from: '' }])
  expect(await readFile(caught[0]?.file ?? '', 'utf8')).toMatch(/^Return-Path: <>\r\n/)
})

test('a mail that is too large is refused with 552 and leaves no file', async () => {
  await using directory = await temporaryDirectory()
  await using server = await openCatchAll({ directory: directory.path, port: 0, maxBytes: 10_000 })
  await expect(send(server.port, { ...mail, text: 'x'.repeat(20_000) })).rejects.toMatchObject({
    responseCode: 552,
  })
  expect(await readdir(directory.path)).toEqual([])
})

test('a client that goes away in the middle of a mail leaves no file', async () => {
  await using directory = await temporaryDirectory()
  await using server = await openCatchAll({ directory: directory.path, port: 0 })
  const lines = ['EHLO a', 'MAIL FROM:<a@example.com>', 'RCPT TO:<b@example.com>', 'DATA']
  const socket = connect(server.port, '127.0.0.1')
  const replies: string[] = []
  socket.on('data', (data) => {
    replies.push(data.toString())
    const next = lines.shift()
    if (next !== undefined) socket.write(`${next}\r\n`)
    else socket.write('Subject: half\r\n\r\nhalf a mail')
  })
  await expect.poll(() => readdir(directory.path)).toHaveLength(1)
  expect(replies.at(-1)).toMatch(/^354 /)
  socket.destroy()
  await expect.poll(() => readdir(directory.path)).toEqual([])
})

test('a mail that waits for its answer is kept already, and answered when the server closes', async () => {
  await using directory = await temporaryDirectory()
  const caught: CaughtMail[] = []
  await using server = await openCatchAll({
    directory: directory.path,
    port: 0,
    acceptAfterMs: 3_600_000,
    onMail: (one) => caught.push(one),
  })
  const answer = send(server.port, mail)
  await expect.poll(() => caught).toHaveLength(1)
  expect(await readdir(directory.path)).toHaveLength(1)
  await server.close()
  expect(await answer).toMatch(/^250 /)
})

test('a port that is taken is an error of its own', async () => {
  await using directory = await temporaryDirectory()
  await using server = await openCatchAll({ directory: directory.path, port: 0 })
  await expect(
    openCatchAll({ directory: directory.path, port: server.port }),
  ).rejects.toMatchObject({ code: 'PORT_IN_USE', port: server.port })
})

test('a directory that cannot be made is an error that names it', async () => {
  await using directory = await temporaryDirectory()
  const file = path.join(directory.path, 'file')
  await writeFile(file, '')
  await expect(
    openCatchAll({ directory: path.join(file, 'mails'), port: 0 }),
  ).rejects.toMatchObject({
    code: 'DIRECTORY_UNUSABLE',
    message: expect.stringContaining(path.join(file, 'mails')),
  })
})
