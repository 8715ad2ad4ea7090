import { writeFile } from 'node:fs/promises'
import path from 'node:path'

import { expect, test } from 'vitest'

import { ADDRESSES, idOf, openProject, PASSWORD, startRelay } from '../support/cli-project.ts'
import { createCertificate } from '../support/certificate.ts'
import { jsonLines, runCli } from '../support/cli.ts'
import { freePort } from '../support/free-port.ts'
import { describeRedis } from '../support/redis.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const [FROM = '', TO = ''] = ADDRESSES
const NOT_SET = { method: 'basic', user: 'u', password: '${env:NOT_SET}' } as const

describeRedis('on Redis', (redis) => {
  test('a worker delivers, answers probes, counts, logs without addresses and stops', async () => {
    await using relay = await startRelay()
    await using project = await openProject(redis, { 'Mail Server': relay.port })
    const port = await freePort()
    await using worker = project.startWorker('--port', String(port))
    await expect.poll(() => worker.out).toContain('"event":"worker-started"')
    const sent = await project.send('--wait')
    expect(sent.code).toBe(0)
    expect(relay.mails).toMatchObject([{ from: FROM, to: [TO], user: 'mailroom' }])

    const url = `http://127.0.0.1:${port}`
    expect((await fetch(`${url}/livez`)).status).toBe(200)
    expect((await fetch(`${url}/readyz`)).status).toBe(200)
    expect(await (await fetch(`${url}/metrics`)).text()).toContain(
      'mailroom_messages_total{connection="Mail Server",outcome="delivered"} 1',
    )
    worker.signal('SIGTERM')
    const { code, out, err } = await worker.result
    expect(code).toBe(0)
    expect(err).toContain('"Mail Server" sends its password over a plain connection')
    const id = idOf(sent)
    const lines = jsonLines(out)
    // It is found out while the worker starts, and may be told before it has.
    const verified = lines.filter(({ event }) => event === 'verified')
    expect(verified).toMatchObject([{ connection: 'Mail Server', level: 'info' }])
    expect(lines.filter((line) => !verified.includes(line))).toEqual([
      expect.objectContaining({ event: 'worker-started', connections: ['Mail Server'] }),
      expect.objectContaining({ event: 'delivered', id, code: 250, recipients: 1, level: 'info' }),
      expect.objectContaining({ event: 'worker-quieted' }),
      expect.objectContaining({ event: 'worker-stopped', handedBack: 0 }),
    ])
    for (const text of [...ADDRESSES, PASSWORD]) expect(out + err + sent.err).not.toContain(text)
  })

  test('a refusal is told without the address that the server quotes', async () => {
    await using relay = await startRelay({
      refuseRecipient: (address) => ({ code: 550, text: `5.1.1 <${address}> unknown` }),
    })
    await using project = await openProject(redis, { relay: relay.port })
    await using worker = project.startWorker()
    const sent = await project.send('--wait')
    expect(sent.code).toBe(5)
    expect(jsonLines(sent.out)[1]).toMatchObject({ event: 'refused', code: 550, status: '5.1.1' })
    await expect.poll(() => worker.out).toContain('"event":"refused"')
    for (const text of ADDRESSES) expect(worker.out + worker.err + sent.out).not.toContain(text)

    const status = await project.run(['status', '--json'])
    expect(jsonLines(status.out)).toEqual([
      {
        connection: 'relay',
        waiting: 0,
        active: 0,
        delayed: 0,
        dead: 1,
        uncertain: 0,
        refused: 1,
        expired: 0,
        workers: 1,
        sessions: 5,
        leases: expect.stringMatching(/^\S+: 5$/),
      },
    ])
    const got = await project.run(['get', idOf(sent), '--json'])
    expect(jsonLines(got.out)).toMatchObject([
      { state: 'refused', recipients: [{ address: TO, state: 'refused', code: 550 }] },
    ])
    const shown = await project.run(['get', idOf(sent), '--table'])
    expect(shown.out).toMatch(/^state {7}refused$/m)
    expect(shown.out).toMatch(new RegExp(`^${TO} +refused +550 5\\.1\\.1 `, 'm'))
  })

  test('a worker that is told to stop waits for what is in flight', async () => {
    const answer = Promise.withResolvers<void>()
    const beforeReply = (): Promise<void> => answer.promise
    await using relay = await startRelay({ beforeReply })
    await using project = await openProject(redis, { relay: relay.port })
    await using patient = project.startWorker()
    const sent = project.send('--wait')
    await expect.poll(() => relay.mails).toHaveLength(1)
    patient.signal('SIGINT')
    await expect.poll(() => patient.out).toContain('"event":"worker-quieted"')
    answer.resolve()
    expect((await patient.result).code).toBe(0)
    expect((await sent).code).toBe(0)
  })

  test.for([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('a second %s ends a worker with %i', async ([signal, code]) => {
    const answer = Promise.withResolvers<void>()
    await using relay = await startRelay({ beforeReply: () => answer.promise })
    await using project = await openProject(redis, { relay: relay.port })
    await using worker = project.startWorker()
    await project.send()
    await expect.poll(() => relay.mails).toHaveLength(1)
    worker.signal(signal)
    await expect.poll(() => worker.out).toContain('"event":"worker-quieted"')
    worker.signal(signal)
    expect((await worker.result).code).toBe(code)
    answer.resolve()
  })

  test('a worker that takes one connection leaves the mail of the others', async () => {
    await using relay = await startRelay()
    await using project = await openProject(redis, { a: relay.port, b: relay.port })
    await using worker = project.startWorker('--connections', 'b')
    await expect.poll(() => worker.out).toContain('"connections":["b"]')
    await project.send()
    await project.send('--connection', 'b', '--wait')
    const { out } = await project.run(['status', '--json', '--connection', 'a'])
    expect(jsonLines(out)).toMatchObject([{ connection: 'a', waiting: 1 }])
    const wrong = await project.run(['worker', '--connections', 'c'])
    expect(wrong).toMatchObject({ code: 3, err: expect.stringContaining('UNKNOWN_CONNECTION') })
  })

  test('a secret that is missing ends a worker with its reference', async () => {
    await using project = await openProject(redis, { relay: 1 })
    const { code, err } = await project.run([
      'worker',
      '--allow-unsafe-store',
      '--config',
      'x.json',
    ])
    expect([code, err]).toEqual([3, expect.stringContaining('CONFIG_NOT_FOUND')])
    await using directory = await temporaryDirectory()
    const config = {
      queue: redis,
      connections: {
        relay: { server: 'a', auth: NOT_SET },
      },
    }
    await writeFile(path.join(directory.path, 'mailroom.config.json'), JSON.stringify(config))
    const missing = await runCli(['worker', '--allow-unsafe-store'], { cwd: directory.path })
    expect(missing).toMatchObject({
      code: 3,
      err: expect.stringMatching(/^mailroom: .*"\$\{env:NOT_SET\}".*\(SECRET_UNAVAILABLE\)\n$/),
    })
  })

  test('a worker tells of a certificate of its own that is out of date', async () => {
    await using directory = await temporaryDirectory()
    const notAfter = new Date(Date.now() - 3_600_000)
    const { cert, key } = createCertificate({ hosts: ['us'], notAfter })
    await writeFile(path.join(directory.path, 'us.pem'), cert)
    await writeFile(path.join(directory.path, 'us.key'), key)
    const tlsOptions = { cert: '${file:us.pem}', key: '${file:us.key}' }
    const relay = { server: 'a', tlsOptions, auth: NOT_SET }
    const config = { queue: redis, connections: { relay } }
    await writeFile(path.join(directory.path, 'mailroom.config.json'), JSON.stringify(config))
    const { err } = await runCli(['worker', '--allow-unsafe-store'], { cwd: directory.path })
    expect(err).toMatch(/^mailroom: "relay" shows a certificate that expired on .*\n/)
  })

  test('a message is cancelled until it has left', async () => {
    await using relay = await startRelay()
    await using project = await openProject(redis, { relay: relay.port })
    const waiting = idOf(await project.send())
    expect(await project.run(['cancel', waiting, '--json'])).toMatchObject({
      code: 0,
      out: `${JSON.stringify({ id: waiting, state: 'cancelled' })}\n`,
    })
    await using worker = project.startWorker()
    const delivered = idOf(await project.send('--wait'))
    expect(await project.run(['cancel', delivered])).toMatchObject({
      code: 5,
      out: `${delivered} is delivered: too late\n`,
    })
    expect(await project.run(['cancel', 'm-none'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('(UNKNOWN_MESSAGE)'),
    })
    expect(relay.mails).toHaveLength(1)
    expect(worker.pid).toBeGreaterThan(0)
  })

  test('nobody who delivers: the wait ends with 75 and the message stays', async () => {
    await using project = await openProject(redis, { relay: 1 })
    const { code, out, err } = await project.send('--wait', '--timeout', '100ms')
    expect([code, jsonLines(err)]).toMatchObject([75, [{ code: 'NOT_SETTLED' }]])
    expect(jsonLines(out)).toMatchObject([{ event: 'accepted' }])
    const status = await project.run(['status', '--table'])
    expect(status.out).toMatch(/^connection +waiting .*\nrelay +1 /)
  })

  test('the dashboard shows the queues, without content, until a signal', async () => {
    await using project = await openProject(redis, { relay: 1 })
    const id = idOf(await project.send('--subject', 'Salary review'))
    await using cli = project.start('dashboard', '--port', '0', '--json')
    await expect.poll(() => cli.out).toContain('"listening"')
    const url = String(jsonLines(cli.out)[0]?.['url'])
    const text = await (await fetch(`${url}/api/queues?activeQueue=relay`)).text()
    expect(text).toContain('"displayName":"relay"')
    expect(text).toContain(id)
    for (const content of ['Salary review', ...ADDRESSES]) expect(text).not.toContain(content)
    cli.signal('SIGINT')
    expect(await cli.result).toMatchObject({ code: 0, err: '' })
  })
})
