import { expect, test } from 'vitest'

import type { AttemptEntry, Mailroom } from '../../src/index.ts'
import { openQueues } from '../../src/queue/open.ts'
import { openStore } from '../../src/store/open.ts'
import { createCertificate } from '../support/certificate.ts'
import { startMta } from '../support/mta.ts'
import { describeMta, describeRedis, uniquePrefix } from '../support/redis.ts'
import {
  startScriptedServer,
  type Script,
  type ScriptedServer,
} from '../support/scripted-server.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { describeServers, type TestStore } from '../support/stores.ts'
import { openRoom } from './mail-room.ts'

const WITH_DSN = '250-scripted\n250-PIPELINING\n250-SIZE 100000000\n250 DSN'
const REPORTS = { notify: ['success', 'failure'], return: 'headers' } as const

describeServers('a message that wants reports', (place) => {
  test('asks for them by its id, and waits as a job that older workers leave alone', async () => {
    const at = place()
    await using server = await startScriptedServer({ EHLO: WITH_DSN })
    await using room = await openRoom(at, { port: server.port }, { starts: false })
    const { id } = await room.send({}, { dsn: REPORTS })
    const usual = await room.send()
    expect(await versionsOf(at, [id, usual.id])).toEqual([2, 1])
    await room.worker.start()
    expect(await room.settled(id)).toMatchObject({ state: 'delivered', attempts: 1 })
    await room.settled(usual.id)
    // Both may be on their way at once, over a session each.
    const asked = server.commands.filter((line) => /^(?:MAIL|RCPT)/.test(line)).toSorted(byLength)
    expect(asked).toEqual([
      expect.stringMatching(/^MAIL FROM:<app@example\.com> SIZE=\d+$/),
      expect.stringMatching(
        new RegExp(String.raw`^MAIL FROM:<app@example\.com> SIZE=\d+ RET=HDRS ENVID=${id}$`),
      ),
      'RCPT TO:<ann@example.org>',
      'RCPT TO:<ann@example.org> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;ann@example.org',
    ])
  })

  test('is sent without them where the server offers none, and its timeline tells so', async () => {
    await using server = await startScriptedServer()
    await using room = await openRoom(place(), { port: server.port })
    const { id } = await room.send({}, { dsn: { ...REPORTS, envelopeId: 'order 7' } })
    expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
    expect(await attemptsOf(room.mailroom, id)).toMatchObject([{ unasked: ['DSN'] }])
    expect(server.commands.join('\n')).not.toMatch(/ENVID|NOTIFY/)
  })
})

const authority = createCertificate({ hosts: ['Test authority'], isAuthority: true })
const certificate = createCertificate({ hosts: ['127.0.0.1'], issuer: authority })

describeRedis('what a message asks of its server', (url) => {
  test.for<[what: string, mail: string, rcpt: string, left: RegExp]>([
    [
      'NOTIFY',
      '250 2.1.0 ok',
      '555 5.5.4 unsupported option: NOTIFY',
      /^MAIL FROM:<\S+> SIZE=\d+$/,
    ],
    ['ENVID', '504 ENVID is not implemented', '503 no', /^MAIL FROM:<\S+> SIZE=\d+$/],
    ['something unnamed', '555 5.5.4 what is that?', '503 no', /^MAIL FROM:<\S+>$/],
  ])(
    'a server that offers DSN and refuses %s gets the message without, at once',
    async ([, mail, rcpt, left]) => {
      await using server = await startScriptedServer({
        EHLO: WITH_DSN,
        MAIL: [mail, '250 2.1.0 ok'],
        RCPT: [rcpt, '250 2.1.5 ok'],
        DATA: ['503 no', '354 go on'],
      })
      await using room = await openRoom(placeOn(url), { port: server.port })
      const { id } = await room.send({}, { dsn: REPORTS })
      expect(await room.settled(id)).toMatchObject({ state: 'delivered', attempts: 1 })
      expect(commandsOf(server).at(-1)).toEqual([
        expect.stringMatching(left),
        'RCPT TO:<ann@example.org>',
      ])
      expect(await attemptsOf(room.mailroom, id)).toMatchObject([{ unasked: ['DSN'] }])
      expect(server.connections).toBe(1)
    },
  )

  test.for<[ending: string, script: Script]>([
    ['whose others are taken', {}],
    [
      'which ends the session then',
      { DOT: [{ say: '250 ok\n421 bye', after: 'close' }, '250 ok'] },
    ],
  ])(
    'a server that refuses DSN for one of several, %s, gets it for that one without, at once',
    async ([, script]) => {
      await using server = await startScriptedServer({
        EHLO: WITH_DSN,
        RCPT: (line) => {
          if (line.includes('eve')) return '550 5.1.1 nobody'
          return line.includes('bob') && line.includes('NOTIFY')
            ? '555 5.5.4 what?'
            : '250 2.1.5 ok'
        },
        ...script,
      })
      await using room = await openRoom(placeOn(url), { port: server.port })
      const to = ['ann@example.org', 'bob@example.org', 'eve@example.org']
      const { id } = await room.send({ to }, { dsn: REPORTS })
      const { recipients, attempts } = await room.settled(id)
      expect(recipients.map(({ state }) => state)).toEqual(['delivered', 'delivered', 'refused'])
      expect(attempts).toBe(1)
      const [all = [], ...others] = commandsOf(server)
      expect(all.map((line) => /RET|NOTIFY/.test(line))).toEqual([true, true, true, true])
      expect(others).toEqual([
        [expect.stringMatching(/^MAIL FROM:<\S+> SIZE=\d+$/), 'RCPT TO:<bob@example.org>'],
      ])
      expect(await attemptsOf(room.mailroom, id)).toMatchObject([
        { part: 1 },
        { part: 2, unasked: ['DSN'] },
      ])
    },
  )

  test('one of several who is refused without DSN too is refused', async () => {
    await using server = await startScriptedServer({
      EHLO: WITH_DSN,
      RCPT: (line) => (line.includes('bob') ? '504 5.5.4 no' : '250 2.1.5 ok'),
    })
    await using room = await openRoom(placeOn(url), { port: server.port })
    const { id } = await room.send({ to: ['ann@example.org', 'bob@example.org'] }, { dsn: REPORTS })
    const { recipients, attempts } = await room.settled(id)
    expect(recipients).toMatchObject([{ state: 'delivered' }, { state: 'refused', code: 504 }])
    expect(attempts).toBe(1)
    expect(commandsOf(server)).toHaveLength(2)
  })

  test('a message that must have its reports is refused, not sent without them', async () => {
    await using server = await startScriptedServer()
    await using room = await openRoom(placeOn(url), { port: server.port })
    const { id } = await room.send({}, { dsn: { ...REPORTS, required: true } })
    expect(await room.settled(id)).toMatchObject({
      state: 'refused',
      last: { rule: 'stage.mail.unsupported.dsn' },
    })
    expect(commandsOf(server)).toEqual([])
  })

  test('only those whose addresses need SMTPUTF8 are refused where it is not offered', async () => {
    await using server = await startSmtpServer({ hides: ['SMTPUTF8', '8BITMIME'] })
    await using room = await openRoom(placeOn(url), { port: server.port })
    const bcc = ['боб@example.org', 'eve@example.org']
    const { id } = await room.send({ bcc, subject: 'Привет', text: 'Grüße '.repeat(50) })
    const { state, recipients } = await room.settled(id)
    expect(state).toBe('refused')
    expect(recipients).toMatchObject([
      { address: 'ann@example.org', state: 'delivered' },
      { address: bcc[0], state: 'refused', rule: 'stage.mail.unsupported.smtputf8' },
      { address: bcc[1], state: 'delivered' },
    ])
    expect(server.mails).toMatchObject([{ to: ['ann@example.org', 'eve@example.org'] }])
    expect(server.mails[0]?.parameters).not.toHaveProperty('BODY')
    expect(server.mails[0]?.body.every((byte) => byte < 128)).toBe(true)
  })

  test('a message over the limit of its server is refused with both sizes, and not offered', async () => {
    await using server = await startSmtpServer({ maxBytes: 1_000 })
    await using room = await openRoom(placeOn(url), { port: server.port })
    const { id } = await room.send({ text: 'x'.repeat(5_000) })
    const { last } = await room.settled(id)
    expect(last).toMatchObject({ rule: 'stage.mail.unsupported.size' })
    expect(last?.text).toMatch(/has 5\d{3} bytes, the server takes 1000 at most/)
    expect(server.mails).toEqual([])
  })

  test.for<[name: string, offered: string, tls: string, state: string]>([
    [
      'goes under verified TLS to a server that keeps it',
      '250 REQUIRETLS',
      'starttls',
      'delivered',
    ],
    ['is refused where REQUIRETLS is not offered', '250 PIPELINING', 'starttls', 'refused'],
    ['is refused without TLS', '250 REQUIRETLS', 'none', 'refused'],
  ])('a message that requires TLS %s', async ([, offered, tls, state]) => {
    const first = tls === 'none' ? `250-scripted\n${offered}` : '250-scripted\n250 STARTTLS'
    const script = { EHLO: [first, `250-scripted\n${offered}`] }
    await using server = await startScriptedServer(script, certificate)
    const relay = { port: server.port, tls, tlsOptions: { ca: authority.cert } }
    await using room = await openRoom(placeOn(url), relay)
    const { id } = await room.send({}, { requireTls: true })
    const rule = state === 'refused' ? { last: { rule: 'stage.mail.unsupported.requiretls' } } : {}
    expect(await room.settled(id)).toMatchObject({ state, ...rule })
    const asked =
      state === 'refused'
        ? []
        : [['MAIL FROM:<app@example.com> REQUIRETLS', 'RCPT TO:<ann@example.org>']]
    expect(commandsOf(server)).toEqual(asked)
  })
})

describeMta('a real server that offers DSN', () => {
  describeRedis('behind Redis', (url) => {
    test('reports a delivery by the id of its message and by its recipient', async () => {
      await using mta = await startMta({ offersDsn: true })
      await using room = await openRoom(placeOn(url), { port: mta.port })
      const { id } = await room.send({ to: 'ann+news@example.org' }, { dsn: REPORTS })
      expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
      await expect.poll(async () => (await mta.messages()).length).toBe(2)
      const report = (await mta.messages()).find(({ from }) => from === '')
      expect(report?.to).toEqual(['app@example.com'])
      const text = report?.raw.toString() ?? ''
      expect(text).toContain(`Original-Envelope-ID: ${id}`)
      expect(text).toMatch(/Original-Recipient: rfc822; ?ann\+2Bnews@example\.org/i)
      expect(text).toContain('Action: delivered')
    })
  })
})

function placeOn(queue: string): TestStore {
  return { queue, prefix: uniquePrefix(), schema: 'mailroom' }
}

/** Commands first by their verb, and plain ones before those with more to say. */
function byLength(one: string, other: string): number {
  return one.slice(0, 4).localeCompare(other.slice(0, 4)) || one.length - other.length
}

/** What was said to open each transaction. */
function commandsOf({ commands }: ScriptedServer): readonly (readonly string[])[] {
  const asked: string[][] = []
  for (const line of commands) {
    if (line.startsWith('MAIL')) asked.push([line])
    else if (line.startsWith('RCPT')) asked.at(-1)?.push(line)
  }
  return asked
}

async function attemptsOf(mailroom: Mailroom, id: string): Promise<readonly AttemptEntry[]> {
  const entries = (await mailroom.history(id))?.entries ?? []
  return entries.filter((entry) => entry.kind === 'attempt')
}

async function versionsOf(
  { queue, prefix, schema }: TestStore,
  ids: readonly string[],
): Promise<readonly unknown[]> {
  await using store = await openStore(queue, { patience: 'wait', prefix, schema })
  await using queues = await openQueues(store)
  const jobs = await Promise.all(ids.map((id) => queues.read('relay', id)))
  return jobs.map((job) => Object(job).version)
}
