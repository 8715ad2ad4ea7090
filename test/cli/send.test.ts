import { writeFile } from 'node:fs/promises'
import path from 'node:path'

import { createTransport } from 'nodemailer'
import PostalMime, { type Email } from 'postal-mime'
import { expect, test } from 'vitest'

import { idOf, openProject, startRelay, type Project } from '../support/cli-project.ts'
import { jsonLines } from '../support/cli.ts'
import { describeRedis } from '../support/redis.ts'
import { startScriptedServer } from '../support/scripted-server.ts'
import type { TestSmtpServer } from '../support/smtp-server.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

interface Bench extends AsyncDisposable {
  readonly relay: TestSmtpServer
  readonly project: Project
}

/** A project whose worker runs. */
async function openBench(redis: string): Promise<Bench> {
  const stack = new AsyncDisposableStack()
  const relay = stack.use(await startRelay())
  const project = stack.use(await openProject(redis, { relay: relay.port }))
  stack.use(project.startWorker())
  return { relay, project, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

async function parsed(relay: TestSmtpServer): Promise<Email> {
  await expect.poll(() => relay.mails).toHaveLength(1)
  return PostalMime.parse(relay.mails[0]?.body ?? '')
}

const IMAGE = Buffer.from('89504e470d0a1a0a0d', 'hex')

const JOB = {
  connection: 'relay',
  message: { from: 'a@example.com', to: 'bob@example.org', subject: 'a job', text: 'hi' },
}

describeRedis('mailroom send', (redis) => {
  test('a signed message is sent byte for byte when it is asked for', async () => {
    await using bench = await openBench(redis)
    const signed =
      'From: ann@example.com\r\nContent-Type: multipart/signed; boundary=x\r\n\r\n--x--\r\n'
    const args = ['send', '--raw', '--envelope-to', 'bob@example.org', '--wait', '--json']
    const onUnix = signed.replaceAll('\r\n', '\n')
    const refused = await bench.project.run(args, onUnix)
    expect(refused).toMatchObject({ code: 6 })
    expect(refused.err).toContain('byte 21')
    const sent = await bench.project.run([...args, '--crlf', '--envelope-from', ''], onUnix)
    expect(sent).toMatchObject({ code: 0 })
    expect(bench.relay.mails).toMatchObject([{ from: '', to: ['bob@example.org'] }])
    expect(bench.relay.mails[0]?.body.toString()).toBe(signed)
    expect(await bench.project.run(['send', '--raw'], signed)).toMatchObject({ code: 2 })
  })

  test('every option arrives', async () => {
    await using bench = await openBench(redis)
    await using files = await temporaryDirectory()
    const image = path.join(files.path, 'dot.png')
    const report = path.join(files.path, 'отчёт.txt')
    await writeFile(image, IMAGE)
    await writeFile(report, 'numbers')
    const options = [
      ['--from', '"Zoë, Dr." <zoe@example.com>'],
      ['--sender', 'office@example.com'],
      ['--to', 'bob@example.org; Ann <ann@example.org>'],
      ['--to', 'third@example.org'],
      ['--cc', 'cc@example.org'],
      ['--bcc', 'hidden@example.org'],
      ['--reply-to', 're@example.com'],
      ['--subject', 'Grüße, привет'],
      ['--text', '-'],
      ['--html', '<img src="cid:dot">'],
      ['--attach', report],
      ['--inline', `dot=${image}`],
      ['--header', 'X-Order: 17'],
      ['--priority', 'high'],
      ['--in-reply-to', '<q@example.org>'],
      ['--references', '<first@example.org> <q@example.org>'],
      ['--envelope-from', 'bounces@example.com'],
      ['--queue-priority', 'high'],
      ['--delay', '10ms'],
      ['--key', 'order-17'],
    ]
    const result = await bench.project.run(['send', ...options.flat(), '--wait'], 'from input\n')
    expect(result).toMatchObject({ code: 0, err: '' })
    expect(result.out).toMatch(/^accepted \S+ <\S+>\ndelivered \S+ 250\b/)
    const mail = await parsed(bench.relay)
    expect(bench.relay.mails[0]).toMatchObject({
      from: 'bounces@example.com',
      to: [
        'bob@example.org',
        'ann@example.org',
        'third@example.org',
        'cc@example.org',
        'hidden@example.org',
      ],
    })
    expect(mail).toMatchObject({
      from: { name: 'Zoë, Dr.', address: 'zoe@example.com' },
      sender: { address: 'office@example.com' },
      to: [
        { address: 'bob@example.org' },
        { name: 'Ann', address: 'ann@example.org' },
        { address: 'third@example.org' },
      ],
      cc: [{ address: 'cc@example.org' }],
      replyTo: [{ address: 're@example.com' }],
      subject: 'Grüße, привет',
      text: expect.stringMatching(/^from input\s*$/),
      html: expect.stringContaining('<img src="cid:dot">'),
      inReplyTo: '<q@example.org>',
      references: '<first@example.org> <q@example.org>',
    })
    expect(mail.headers).toContainEqual(expect.objectContaining({ key: 'x-order', value: '17' }))
    expect(mail.headers).toContainEqual(expect.objectContaining({ key: 'importance' }))
    expect(new Set(mail.attachments.map(({ filename }) => filename))).toEqual(
      new Set(['dot.png', 'отчёт.txt']),
    )
  })

  test('reports and TLS are asked for by options of the command line', async () => {
    await using server = await startScriptedServer({
      EHLO: '250-scripted\n250-AUTH PLAIN\n250 DSN',
    })
    await using project = await openProject(redis, { relay: server.port })
    await using _worker = project.startWorker()
    const usual = ['send', '--to', 'bob@example.org', '--from', 'a@example.com', '--text', 'x']
    const dsn = [
      '--dsn-notify',
      'failure,delay',
      '--dsn-return',
      'Full',
      '--dsn-envelope-id',
      'o 7',
    ]
    expect(await project.run([...usual, ...dsn, '--dsn-required', '--wait'])).toMatchObject({
      code: 0,
    })
    expect(server.commands.slice(2, 4)).toEqual([
      'MAIL FROM:<a@example.com> RET=FULL ENVID=o+207',
      'RCPT TO:<bob@example.org> NOTIFY=FAILURE,DELAY ORCPT=rfc822;bob@example.org',
    ])
    const refused = await project.run([...usual, '--require-tls', '--wait', '--json'])
    expect(refused).toMatchObject({ code: 5 })
    expect(refused.out).toContain('stage.mail.unsupported.requiretls')
    const wrong = await project.run([...usual, '--dsn-notify', 'never,failure'])
    expect(wrong).toMatchObject({ code: 2 })
    expect(wrong.err).toContain('"--dsn-notify" expects success, failure, delay, got "never"')
  })

  test('an .eml on standard input arrives as it was', async () => {
    await using bench = await openBench(redis)
    const transport = createTransport({ streamTransport: true, buffer: true })
    const { message } = await transport.sendMail({
      from: 'Юлия <yulia@example.com>',
      to: ['bob@example.org', '王小明 <wang@example.org>'],
      subject: 'Ещё раз: žluťoučký kůň',
      text: 'Съешь ещё\n',
      html: '<p>ещё <img src="cid:dot@x"></p>',
      attachments: [
        { filename: 'dot.png', content: IMAGE, cid: 'dot@x' },
        { filename: 'numbers.csv', content: 'a,b\n1,2\n' },
      ],
      headers: { 'X-Order': '17' },
      date: new Date('2027-01-31T08:00:00Z'),
    })
    const eml = Buffer.isBuffer(message) ? message : Buffer.alloc(0)
    const sent = await bench.project.run(['send', '--json'], eml)
    expect(sent.code).toBe(0)
    expect(jsonLines(sent.err)).toEqual([{ event: 'left-out', headers: ['Message-ID'] }])
    const [before, after] = [await PostalMime.parse(eml), await parsed(bench.relay)]
    expect(after.messageId).toBe(jsonLines(sent.out)[0]?.['messageId'])
    for (const key of ['from', 'to', 'subject', 'date'] as const) {
      expect([key, after[key]]).toEqual([key, before[key]])
    }
    expect(after.text?.trimEnd()).toBe(before.text?.trimEnd())
    expect(after.html?.trimEnd()).toBe(before.html?.trimEnd())
    expect(after.attachments).toEqual(
      before.attachments.map((file) =>
        expect.objectContaining({
          filename: file.filename,
          mimeType: file.mimeType,
          disposition: file.disposition,
          content: file.content,
        }),
      ),
    )
  })

  test('an .eml can go to others than it names', async () => {
    await using bench = await openBench(redis)
    const eml = 'From: a@example.com\nTo: list@example.com\nSubject: x\n\nhi\n'
    await bench.project.run(['send', '--envelope-to', 'x@example.org,y@example.org'], eml)
    expect(await parsed(bench.relay)).toMatchObject({ to: [{ address: 'list@example.com' }] })
    expect(bench.relay.mails[0]?.to).toEqual(['x@example.org', 'y@example.org'])
  })

  test('a job on standard input is sent, and its options can be given beside it', async () => {
    await using bench = await openBench(redis)
    const args = ['send', '--json', '--key', 'order-17']
    const first = await bench.project.run(args, JSON.stringify(JOB))
    const again = await bench.project.run(args, ` ${JSON.stringify(JOB)}\n`)
    expect(jsonLines(first.out)).toMatchObject([{ isNew: true }])
    expect(jsonLines(again.out)).toMatchObject([{ isNew: false, id: idOf(first) }])
    const other = { ...JOB, message: { ...JOB.message, text: 'other' } }
    expect(await bench.project.run(args, JSON.stringify(other))).toMatchObject({
      code: 6,
      err: expect.stringContaining('IDEMPOTENCY_CONFLICT'),
    })
    expect(await parsed(bench.relay)).toMatchObject({ subject: 'a job' })
  })

  test.for<[string, string[], string, number, RegExp]>([
    ['half a job', [], '{"connection":"relay","message":{"text":"private"', 6, /INVALID_JOB_TEXT/],
    [
      'a job with an unknown property',
      [],
      JSON.stringify({ ...JOB, private: 1 }),
      6,
      /INVALID_JOB/,
    ],
    ['a job for nobody', [], '{"connection":"relay","message":{}}', 6, /INVALID_JOB/],
    ['a job for an unknown name', ['--connection', 'rely'], JSON.stringify(JOB), 3, /"relay"\?/],
    ['an .eml without a header', [], '\n\nprivate', 6, /INVALID_EML/],
    ['a header without a colon', ['--header', 'private', '--to', 'a@b.c'], '', 2, /USAGE/],
    [
      'a missing file',
      ['--attach', 'none', '--to', 'a@b.c', '--from', 'a@b.c'],
      '',
      6,
      /ATTACHMENT_MISSING/,
    ],
    [
      'a header with a line break',
      ['--header', 'X-A: b\nBcc: private', '--to', 'a@b.c'],
      '',
      6,
      /INVALID_JOB/,
    ],
  ])('%s is refused with one error', async ([, args, input, code, err]) => {
    await using project = await openProject(redis, { relay: 1 })
    const result = await project.run(['send', ...args], input)
    expect(result).toMatchObject({ code, out: '', err: expect.stringMatching(err) })
    expect(result.err).not.toContain('"private"')
    const { out } = await project.run(['status', '--json'])
    expect(jsonLines(out)).toMatchObject([{ waiting: 0 }])
  })
})
