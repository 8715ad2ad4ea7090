import { execFile } from 'node:child_process'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

import PostalMime from 'postal-mime'
import { expect, test } from 'vitest'

import { createMailroom, createWorker } from '../../src/index.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { projectWithPackage } from './installed-package.ts'

const EXAMPLES = resolve(import.meta.dirname, '../../examples')
const run = promisify(execFile)

test(
  'email-templates and the NestJS mailer send through the queue',
  { timeout: 180_000 },
  async () => {
    await using project = await projectWithPackage(join(EXAMPLES, 'nodemailer'))
    await using server = await startSmtpServer()
    const queue = `embedded:${join(project.path, 'store')}`
    const relay = { server: '127.0.0.1', port: server.port, tls: 'none' } as const
    await using worker = createWorker({ queue, connections: { relay } })
    await using mailroom = createMailroom({ queue, connections: { relay } })
    await worker.start()

    const arrived: Awaited<ReturnType<typeof PostalMime.parse>>[] = []
    for (const program of ['email-templates.ts', 'nestjs-mailer.ts']) {
      const { stdout } = await run(process.execPath, [program], {
        cwd: project.path,
        env: { ...process.env, MAILROOM_QUEUE: queue },
      })
      const { id }: { readonly id: string } = JSON.parse(stdout)
      const record = await mailroom.untilSettled(id, { timeoutMs: 20_000 })
      expect(record, `of ${program}`).toMatchObject({ state: 'delivered' })
      arrived.push(await PostalMime.parse(server.mails.at(-1)?.body ?? ''))
    }
    expect(arrived).toMatchObject([
      {
        from: { address: 'shop@example.com' },
        to: [{ name: 'Юлия', address: 'julia@example.org' }],
        subject: 'Welcome, Юлия',
        html: expect.stringContaining('<p>Hello Юлия'),
        text: expect.stringContaining('Hello Юлия'),
      },
      {
        to: [{ address: 'bob@example.org' }],
        html: expect.stringContaining('Order <b>4711</b>'),
        attachments: [{ filename: 'order.txt' }],
      },
    ])
  },
)
