import { execFileSync } from 'node:child_process'
import { rename, writeFile } from 'node:fs/promises'
import path from 'node:path'

import { beforeEach, expect, test } from 'vitest'

import { createMailroom } from '../../src/index.ts'
import { jsonLines, runCli, startCli, type RunningCli } from '../support/cli.ts'
import { freePort } from '../support/free-port.ts'
import { describeRedis, uniquePrefix } from '../support/redis.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** What a configuration file says, as text of its format. */
type Write = (connections: Readonly<Record<string, number>>) => string

const managers = (connections: Readonly<Record<string, number>>) =>
  Object.fromEntries(
    Object.entries(connections).map(([name, port]) => [
      name,
      { server: '127.0.0.1', port, tls: 'none' },
    ]),
  )

function eventsOf(
  { out }: RunningCli,
  event: string,
): readonly Readonly<Record<string, unknown>>[] {
  return jsonLines(out.slice(0, out.lastIndexOf('\n') + 1)).filter(
    (line) => line['event'] === event,
  )
}

async function replace(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text)
  await rename(`${file}.new`, file)
}

describeRedis('a worker process', (queue) => {
  // What a worker that was killed held is still its own for a while.
  let prefix = ''
  beforeEach(() => void (prefix = uniquePrefix()))
  const json: Write = (connections) =>
    JSON.stringify({ queue, prefix, connections: managers(connections) })
  const module: Write = (connections) => `export default ${json(connections)}\n`
  const formats: readonly (readonly [file: string, write: Write])[] = [
    ['mailroom.config.json', json],
    ['mailroom.config.ts', module],
  ]

  test.for(formats)('follows %s as it is edited', async ([name, write]) => {
    await using old = await startSmtpServer()
    await using fresh = await startSmtpServer()
    await using directory = await temporaryDirectory()
    const file = path.join(directory.path, name)
    await replace(file, write({ relay: old.port }))
    const cwd = directory.path
    const port = await freePort()
    const args = ['worker', '--allow-unsafe-store', '--port', String(port)]
    await using worker = startCli(args, { cwd })
    await expect.poll(() => worker.out).toContain('"event":"worker-started"')

    await replace(file, write({ relay: 99_999, other: -1 }))
    await expect.poll(() => eventsOf(worker, 'config-refused').length).toBe(1)
    const [refused] = eventsOf(worker, 'config-refused')
    expect(refused).toMatchObject({
      level: 'warn',
      problems: [
        { path: ['connections', 'relay', 'port'] },
        { path: ['connections', 'other', 'port'] },
      ],
    })
    await writeFile(file, write({ relay: fresh.port, other: old.port }))
    await expect.poll(() => eventsOf(worker, 'config-applied').length).toBe(1)
    expect(eventsOf(worker, 'config-applied')).toMatchObject([
      { level: 'info', added: ['other'], changed: ['relay'], removed: [], atNextStart: [] },
    ])
    await using mailroom = createMailroom({ queue, prefix, connections: { relay: 'smtp://a' } })
    const message = { from: 'alice@example.com', to: 'bob@example.org', text: 'Hello' }
    const { id } = await mailroom.send({ connection: 'relay', message })
    await mailroom.untilSettled(id)
    expect([old.mails.length, fresh.mails.length]).toEqual([0, 1])

    const answer = await fetch(`http://127.0.0.1:${port}/metrics`)
    const metrics = await answer.text()
    expect(metrics).toContain('mailroom_config_loads_total{result="applied"} 2')
    expect(metrics).toContain('mailroom_config_loads_total{result="refused"} 1')
    expect(metrics).toContain('mailroom_queue_jobs{connection="other",state="waiting"} 0')
    expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200)
  })

  test('notices what changed while it was starting', async () => {
    await using directory = await temporaryDirectory()
    const file = path.join(directory.path, 'mailroom.config.mjs')
    // The first time that it runs it is another file before anybody can look at it.
    const once = `import { renameSync } from 'node:fs'\nrenameSync('next', import.meta.filename)\n`
    await replace(path.join(directory.path, 'next'), module({ relay: 2 }))
    await replace(file, once + module({ relay: 1 }))
    await using worker = startCli(['worker', '--allow-unsafe-store'], { cwd: directory.path })
    await expect.poll(() => eventsOf(worker, 'config-applied').length).toBe(1)
    expect(eventsOf(worker, 'config-applied')).toMatchObject([{ changed: ['relay'] }])
    worker.signal('SIGTERM')
    expect((await worker.result).code).toBe(0)
  })

  test('looks again at SIGHUP, and says so when nothing has changed', async () => {
    await using server = await startSmtpServer()
    await using directory = await temporaryDirectory()
    await replace(path.join(directory.path, 'mailroom.config.json'), json({ relay: server.port }))
    await using worker = startCli(['worker', '--allow-unsafe-store'], { cwd: directory.path })
    await expect.poll(() => worker.out).toContain('"event":"worker-started"')
    worker.signal('SIGHUP')
    await expect.poll(() => eventsOf(worker, 'config-applied').length).toBe(1)
    expect(eventsOf(worker, 'config-applied')).toMatchObject([
      { connections: ['relay'], added: [], changed: [], removed: [] },
    ])
    worker.signal('SIGTERM')
    expect((await worker.result).code).toBe(0)
  })

  test('keeps its names while its file is away, whatever variables say', async () => {
    await using directory = await temporaryDirectory()
    const file = path.join(directory.path, 'mailroom.config.json')
    await replace(file, json({ relay: 1 }))
    await using worker = startCli(['worker', '--allow-unsafe-store'], {
      cwd: directory.path,
      env: { MAILROOM_CONNECTION_OTHER: 'smtp://127.0.0.1:1?tls=none' },
    })
    await expect.poll(() => worker.out).toContain('"event":"worker-started"')
    await rename(file, `${file}.away`)
    await expect.poll(() => eventsOf(worker, 'config-refused').length).toBe(1)
    await replace(file, json({ relay: 2 }))
    await expect.poll(() => eventsOf(worker, 'config-applied').length).toBe(1)
    expect(eventsOf(worker, 'config-applied')).toMatchObject([{ changed: ['relay'], removed: [] }])
    worker.signal('SIGTERM')
    expect((await worker.result).code).toBe(0)
  })

  test('looks again at what was refused when the secret that it refers to arrives', async () => {
    await using server = await startSmtpServer({ users: { app: 'right' } })
    await using directory = await temporaryDirectory()
    const file = path.join(directory.path, 'mailroom.config.json')
    await replace(file, json({ relay: server.port }))
    await using worker = startCli(['worker', '--allow-unsafe-store'], { cwd: directory.path })
    await expect.poll(() => worker.out).toContain('"event":"worker-started"')
    const auth = {
      method: 'basic',
      user: 'app',
      password: '${file:password}',
      allowInsecureAuth: true,
    }
    const other = { server: '127.0.0.1', port: server.port, tls: 'none', auth }
    const connections = { ...managers({ relay: server.port }), other }
    await replace(file, JSON.stringify({ queue, prefix, connections }))
    await expect.poll(() => eventsOf(worker, 'config-refused').length).toBe(1)
    await replace(path.join(directory.path, 'password'), 'right')
    await expect.poll(() => eventsOf(worker, 'config-applied').length).toBe(1)
    expect(eventsOf(worker, 'config-applied')).toMatchObject([{ added: ['other'] }])
  })

  test('looks again at what was refused when what it imports is there and right', async () => {
    await using server = await startSmtpServer()
    await using directory = await temporaryDirectory()
    const file = path.join(directory.path, 'mailroom.config.ts')
    const inner = path.join(directory.path, 'inner.ts')
    await replace(file, `export default ${json({ relay: server.port })}`)
    await using worker = startCli(['worker', '--allow-unsafe-store'], { cwd: directory.path })
    await expect.poll(() => worker.out).toContain('"event":"worker-started"')
    const text = `import './inner.ts'\nexport default ${json({ relay: server.port, other: server.port })}`
    await replace(file, text)
    await expect.poll(() => eventsOf(worker, 'config-refused').length).toBe(1)
    await replace(inner, '\nexport const x = {{')
    await expect.poll(() => eventsOf(worker, 'config-refused').length).toBe(2)
    const message = expect.stringContaining(`"${inner}": its syntax is wrong, at line 2, column 19`)
    expect(eventsOf(worker, 'config-refused')[1]).toMatchObject({ problems: [{ message }] })
    await replace(inner, '')
    await expect.poll(() => eventsOf(worker, 'config-applied').length).toBe(1)
    expect(eventsOf(worker, 'config-applied')).toMatchObject([{ added: ['other'] }])
  })

  test('refuses a pipe as a secret, goes on to follow the file, and ends when it is told', async () => {
    await using server = await startSmtpServer({ users: { app: 'right' } })
    await using directory = await temporaryDirectory()
    const file = path.join(directory.path, 'mailroom.config.json')
    const password = path.join(directory.path, 'password')
    await replace(password, 'right')
    const auth = {
      method: 'basic',
      user: 'app',
      password: '${file:password}',
      allowInsecureAuth: true,
    }
    const relay = { server: '127.0.0.1', port: server.port, tls: 'none' }
    const config = { queue, prefix, connections: { relay: { ...relay, auth } } }
    await replace(file, JSON.stringify(config))
    await using worker = startCli(['worker', '--allow-unsafe-store'], { cwd: directory.path })
    await expect.poll(() => worker.out).toContain('"event":"worker-started"')

    execFileSync('mkfifo', [`${password}.new`])
    await rename(`${password}.new`, password)
    await expect.poll(() => eventsOf(worker, 'config-refused').length).toBe(1)
    expect(eventsOf(worker, 'config-refused')).toMatchObject([
      { problems: [{ path: ['connections', 'relay'], code: 'SECRET_UNAVAILABLE' }] },
    ])
    await replace(file, JSON.stringify({ ...config, connections: { relay } }))
    await expect.poll(() => eventsOf(worker, 'config-applied').length).toBe(1)
    worker.signal('SIGTERM')
    expect((await worker.result).code).toBe(0)
  })
})

test('a command ends although the configuration holds on to a timer', async () => {
  await using directory = await temporaryDirectory()
  const text =
    "setInterval(() => {}, 1_000)\nexport default { connections: { relay: 'smtp://a' } }\n"
  await replace(path.join(directory.path, 'mailroom.config.mjs'), text)
  const { code, out } = await runCli(['connections', 'list'], { cwd: directory.path })
  expect(code).toBe(0)
  expect(out).toContain('"relay"')
})
