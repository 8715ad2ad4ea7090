import { readFile } from 'node:fs/promises'
import path from 'node:path'

import { createTransport } from 'nodemailer'
import { expect, test } from 'vitest'

import { jsonLines, runCli, startCli } from '../support/cli.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const mail = { from: 'ann@example.com', to: 'bob@example.org', subject: 'Grüße', text: 'Hello' }

test('catch keeps a mail as a file, prints a line for it and ends at SIGTERM', async () => {
  await using directory = await temporaryDirectory()
  const args = ['catch', '--port', '0', '--dir', 'mails', '--delay', '1ms', '--json']
  await using server = startCli(args, { cwd: directory.path })
  await expect.poll(() => server.out).toContain('\n')
  const [listening = {}] = jsonLines(server.out)
  const mails = path.join(directory.path, 'mails')
  expect(listening).toMatchObject({ event: 'listening', what: 'smtp', mails })

  const transport = createTransport(String(listening['url']))
  expect((await transport.sendMail(mail)).response).toMatch(/^250 .*kept as/)
  transport.close()
  await expect.poll(() => jsonLines(server.out)).toHaveLength(2)
  const [, caught = {}] = jsonLines(server.out)
  expect(caught).toMatchObject({
    event: 'caught',
    from: mail.from,
    to: [mail.to],
    subject: mail.subject,
  })
  expect(await readFile(String(caught['file']), 'utf8')).toContain('X-Envelope-To: <bob@example')

  server.signal('SIGTERM')
  expect(await server.result).toMatchObject({ code: 0, err: '' })
})

test('catch looks at no configuration, so that a broken one does not keep it from starting', async () => {
  await using directory = await temporaryDirectory()
  const taken = ['catch', '--port', '0', '--config', 'nowhere.json']
  await using server = startCli(taken, { cwd: directory.path })
  await expect.poll(() => server.out).toMatch(/^smtp:\/\/127\.0\.0\.1:\d+\n$/)
  const port = /:(\d+)\n/.exec(server.out)?.[1] ?? ''
  const second = await runCli(['catch', '--port', port], { cwd: directory.path })
  expect(second).toMatchObject({ code: 3, out: '', err: expect.stringContaining('PORT_IN_USE') })
})
