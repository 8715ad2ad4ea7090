import { chmod, readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'

import PostalMime from 'postal-mime'
import { expect, test } from 'vitest'

import { jsonLines, runCli, startCli, type RunningCli } from '../support/cli.ts'
import { freePort } from '../support/free-port.ts'
import { runs } from '../support/runs.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const FREE = ['--smtp-port', '0', '--port', '0', '--health-port', '0']

type Fact = Readonly<Record<string, unknown>>

/** The fact that a running command tells with `--json` when something happens. */
async function untilTold(cli: RunningCli, event: string): Promise<Fact> {
  const told = (): Fact | undefined =>
    jsonLines(cli.out.slice(0, cli.out.lastIndexOf('\n') + 1)).find(
      (fact) => fact['event'] === event,
    )
  await expect.poll(() => told() ?? cli.err).toMatchObject({ event })
  return told() ?? {}
}

/** The process ids of the database servers that run on stores in `directory`. */
async function postmasters(directory: string): Promise<readonly number[]> {
  const files = await readdir(directory, { recursive: true })
  const locks = files.filter((file) => path.basename(file) === 'postmaster.pid')
  const texts = await Promise.all(locks.map((file) => readFile(path.join(directory, file), 'utf8')))
  const pids = texts.map((text) => Number.parseInt(text, 10))
  const atWork = await Promise.all(pids.map(runs))
  return pids.filter((_, index) => atWork[index])
}

test('the demo delivers three messages and says where they are', async () => {
  await using directory = await temporaryDirectory()
  const { code, out, err } = await runCli(['demo', '--json'], { cwd: directory.path })
  expect({ code, err }).toEqual({ code: 0, err: '' })
  const facts = jsonLines(out)
  expect(facts.map(({ event, connection }) => [event, connection])).toEqual(
    Array.from({ length: 3 }, () => ['delivered', 'demo relay']),
  )
  const mails = await Promise.all(
    facts
      .flatMap(({ files }) => (Array.isArray(files) ? files : []))
      .map(async (file) => PostalMime.parse(await readFile(String(file)))),
  )
  const [plain, rich, scripts] = mails
  expect(plain).toMatchObject({ subject: 'Plain text', text: expect.stringContaining('Hello Bob') })
  expect(plain).not.toHaveProperty('html')
  expect(rich?.html).toContain('cid:dot')
  expect(rich?.attachments).toMatchObject([
    { filename: 'dot.png', contentId: '<dot>', disposition: 'inline', mimeType: 'image/png' },
    { filename: 'numbers.csv', disposition: 'attachment' },
  ])
  expect(scripts).toMatchObject({
    subject: 'Привет, 你好, žluťoučký kůň, crème brûlée',
    from: { name: 'Élodie Šimůnková' },
    to: [{ name: 'Юлия Ёлкина' }, { name: '王小明', address: 'xiaoming@example.org' }],
  })
  expect(await postmasters(directory.path)).toEqual([])
})

test('the demo works in a folder that others may not enter', async () => {
  await using directory = await temporaryDirectory()
  await chmod(directory.path, 0o700)
  const { code, err } = await runCli(['demo'], { cwd: directory.path })
  expect({ code, err }).toEqual({ code: 0, err: '' })
})

test('development catches what is sent to a configured server, and stops without a trace', async () => {
  await using directory = await temporaryDirectory()
  await using real = await startSmtpServer()
  const config = `export default { connections: { 'Mail Server': {
    server: '127.0.0.1', port: ${real.port}, tls: 'none', from: 'app@example.com' } } }`
  await writeFile(path.join(directory.path, 'mailroom.config.ts'), config)
  await using cli = startCli(['dev', ...FREE, '--json'], { cwd: directory.path })
  const ready = await untilTold(cli, 'ready')
  expect(ready).toMatchObject({ connections: ['Mail Server'] })

  const sent = await runCli(
    ['send', '--to', 'bob@example.org', '--subject', 'Hi', '--text', 'Hello', '--wait', '--json'],
    { cwd: directory.path, env: { MAILROOM_QUEUE: String(ready['store']) } },
  )
  expect(sent).toMatchObject({ code: 0, err: '' })
  const { id, messageId } = jsonLines(sent.out)[0] ?? {}
  expect(jsonLines(sent.out)).toMatchObject([
    { event: 'accepted', connection: 'Mail Server', isNew: true },
    { event: 'delivered', id, code: 250 },
  ])

  const caught = await untilTold(cli, 'caught')
  expect(caught).toMatchObject({ from: 'app@example.com', to: ['bob@example.org'], subject: 'Hi' })
  const mail = await PostalMime.parse(await readFile(String(caught['file'])))
  expect(mail).toMatchObject({ messageId, text: expect.stringContaining('Hello') })
  expect(real.mails).toEqual([])

  const health = await fetch(`${String(ready['health'])}/readyz`)
  expect([health.status, await health.json()]).toEqual([200, { ready: true, reasons: {} }])
  const metrics = await (await fetch(`${String(ready['health'])}/metrics`)).text()
  expect(metrics).toContain(
    'mailroom_messages_total{connection="Mail Server",outcome="delivered"} 1',
  )
  expect(metrics).toContain('mailroom_queue_jobs{connection="Mail Server",state="waiting"} 0')
  const board = await (await fetch(`${String(ready['dashboard'])}/api/queues`)).text()
  expect(board).toContain('"displayName":"Mail Server"')

  const [postmaster] = await postmasters(directory.path)
  expect(postmaster).toBeGreaterThan(0)
  cli.signal('SIGINT')
  expect(await cli.result).toMatchObject({ code: 0, err: '' })
  expect(await runs(postmaster ?? 0)).toBe(false)
  expect(await postmasters(directory.path)).toEqual([])
})

test('development with --real sends to the configured server', async () => {
  await using directory = await temporaryDirectory()
  await using real = await startSmtpServer()
  const config = { connections: { relay: { server: '127.0.0.1', port: real.port, tls: 'none' } } }
  await writeFile(path.join(directory.path, 'mailroom.config.json'), JSON.stringify(config))
  await using cli = startCli(['dev', ...FREE, '--json', '--real'], { cwd: directory.path })
  const ready = await untilTold(cli, 'ready')
  const env = { MAILROOM_QUEUE: String(ready['store']) }
  const args = ['--from', 'a@example.com', '--to', 'bob@example.org', '--text', 'Hello']
  await runCli(['send', ...args], { cwd: directory.path, env })
  await expect.poll(() => real.mails.map(({ to }) => to)).toEqual([['bob@example.org']])
  cli.signal('SIGTERM')
  expect(await cli.result).toMatchObject({ code: 0 })
})

test('development without a configuration has one connection, and people read lines', async () => {
  await using directory = await temporaryDirectory()
  await using cli = startCli(['dev', ...FREE], { cwd: directory.path })
  await expect.poll(() => cli.out).toContain('ready; Ctrl-C stops everything')
  const store = / {2}store +(embedded:\S+)/.exec(cli.out)?.[1] ?? ''
  const args = ['--to', 'bob@example.org', '--subject', 'Ещё', '--text', '-']
  await runCli(['send', ...args, '--queue', store], { cwd: directory.path, input: 'from input' })
  await expect.poll(() => cli.out).toContain('mail mailroom@example.com → bob@example.org  Ещё\n')
  await expect.poll(() => cli.out).toMatch(/delivered m-\S+ "default" to 1 recipient in /)
  cli.signal('SIGINT')
  expect(await cli.result).toMatchObject({ code: 0, err: '' })
})

test('a port that is taken ends development before anything has started', async () => {
  await using directory = await temporaryDirectory()
  await using other = await startSmtpServer()
  const { code, err } = await runCli(['dev', '--smtp-port', String(other.port)], {
    cwd: directory.path,
  })
  expect(code).toBe(3)
  expect(err).toMatch(/^mailroom: the catch-all SMTP server needs port \d+ .* \(PORT_IN_USE\)\n$/)
  expect(await readdir(path.join(directory.path, '.mailroom'))).toEqual(['mails'])
})

test('a port that is taken later stops what has started', async () => {
  await using directory = await temporaryDirectory()
  await using other = await startSmtpServer()
  const port = String(await freePort())
  const args = ['dev', '--smtp-port', port, '--health-port', '0', '--port', String(other.port)]
  const { code, err } = await runCli(args, { cwd: directory.path })
  expect(code).toBe(3)
  expect(err).toMatch(/^mailroom: the dashboard needs port \d+ .* \(PORT_IN_USE\)\n$/)
  expect(await postmasters(directory.path)).toEqual([])
})
