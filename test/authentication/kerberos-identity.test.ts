import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, onTestFinished, test, vi } from 'vitest'

import { openLogin } from '../../src/connections/login.ts'
import { managerFor } from '../support/resolved-manager.ts'
import { startCli } from '../support/cli.ts'
import { describeSite } from '../support/servers/describe-kerberos.ts'
import { arrivals, openSite } from '../support/servers/kerberos-site.ts'
import type { KerberosSite } from '../support/servers/kerberos-site.ts'
import { embeddedPlace } from '../support/stores.ts'
import { openRoom } from '../worker/mail-room.ts'
import type { Room } from '../worker/mail-room.ts'

await describeSite('the identity of the process', () => {
  test('is the ticket that it was given, as long as that lasts', async () => {
    await using site = await openSite()
    const { realm } = site
    const keytab = await realm.keytab('client.keytab', 'alice', 'bob')
    const cache = join(realm.folder, 'cache')
    // One process has one environment: this is the only test that logs in as this one.
    process.env['KRB5CCNAME'] = `FILE:${cache}`
    expect(await loginTo(site)).toMatch(/^there is no Kerberos ticket and no key/)
    expect(await loginTo(site, { spnego: true })).toMatch(/^there is no Kerberos ticket and no key/)

    await realm.kinit('alice', { keytab, cache })
    await using room = await openRoom(embeddedPlace(), site.relay())
    const { id } = await room.send()
    expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
    await expect
      .poll(async () => (await site.exchange.messages()).map(({ raw }) => String(raw)))
      .toEqual([expect.stringMatching(/^X-Login: gssapi alice$/m)])

    await realm.kinit('bob', { keytab, cache })
    expect(await loginTo(site, { user: 'bob@example.test' })).toBe('logged in')
    expect(await loginTo(site, { user: 'alice' })).toMatch(/^there is no Kerberos ticket/)

    await realm.kinit('bob', { keytab, cache, lifetime: '1s' })
    await expect.poll(() => loginTo(site)).toMatch(/^the Kerberos ticket has expired/)
    await realm.admin('modprinc +requires_preauth bob')
    const asked = await requestsTo(site)
    const others = { string: stringOf(site) }
    await using late = await openRoom(embeddedPlace(), site.relay(), { others })
    await Promise.all(
      ['relay', 'string', 'relay'].map((connection) =>
        late.mailroom.send({ connection, message: MESSAGE }),
      ),
    )
    await expect.poll(() => late.told('parked')).toHaveLength(2)
    for (const { reason } of late.told('parked')) expect(reason).toMatch(/ticket has expired/)
    // The library asks whether there is another ticket, once for a login, and shows no key for it.
    expect((await requestsTo(site)).slice(asked.length)).toEqual(Array(2).fill('NEEDED_PREAUTH'))

    await realm.kinit('bob', { keytab, cache, lifetime: '8h' })
    await realm.restart('+20m')
    expect(await loginTo(site)).toMatch(/^the clocks of this machine and of the KDC differ/)
  })

  test('is the key that it was given, or each of the tickets, in one worker', async () => {
    await using site = await openSite()
    const { realm } = site
    const keytab = await realm.keytab('client.keytab', 'alice', 'bob')
    onTestFinished(() => void vi.unstubAllEnvs())
    vi.stubEnv('KRB5_CLIENT_KTNAME', keytab)
    vi.stubEnv('KRB5CCNAME', 'MEMORY:')
    const others = { string: stringOf(site), secure: { ...stringOf(site, true), ...site.secure } }
    await using room = await openRoom(embeddedPlace(), site.relay(), { others })
    await deliver(room, ['string', 'secure'])

    const tickets = join(realm.folder, 'tickets')
    await mkdir(tickets)
    for (const account of ['alice', 'bob']) {
      await realm.kinit(account, { keytab, cache: `DIR::${tickets}/tkt${account}` })
    }
    vi.stubEnv('KRB5_CLIENT_KTNAME', '')
    vi.stubEnv('KRB5CCNAME', `DIR:${tickets}`)
    const auths = { 'alice, raw': {}, 'bob, raw': {}, 'bob, SPNEGO': { spnego: true } }
    const several = Object.entries(auths).map(([name, auth]) => {
      const user = `${name.split(',')[0]}@example.test`
      return [name, { ...site.relay({ ...auth, user }), tls: 'none' }] as const
    })
    const named = Object.fromEntries(several)
    const first = site.relay({ user: 'alice' })
    await using next = await openRoom(embeddedPlace(), first, { others: named })
    await deliver(next, [...Object.keys(named), ...Object.keys(named)])
    await expect
      .poll(() => arrivals(site))
      .toEqual([
        'alice, raw as alice',
        'alice, raw as alice',
        'bob, SPNEGO as bob',
        'bob, SPNEGO as bob',
        'bob, raw as bob',
        'bob, raw as bob',
        'secure as alice',
        'string as alice',
      ])
  })

  test('is the key that it was given, also where the server is called SMTPSVC alone', async () => {
    await using site = await openSite({ services: ['SMTPSVC/localhost'] })
    const keytab = await site.realm.keytab('client.keytab', 'alice')
    const config = join(site.realm.folder, 'mailroom.config.json')
    const relay = { ...site.relay(), tls: 'none' }
    await writeFile(config, JSON.stringify({ connections: { relay } }))
    await using command = startCli(['connections', 'verify', 'relay', '--json'], {
      cwd: site.realm.folder,
      env: {
        KRB5_CONFIG: site.realm.config,
        KRB5_CLIENT_KTNAME: keytab,
        KRB5CCNAME: 'MEMORY:',
      },
    })
    const { code, out, err } = await command.result
    expect(err).not.toContain('error')
    expect(JSON.parse(out)).toMatchObject({ connection: 'relay', ok: true })
    expect(code).toBe(0)
    const told = await readFile(join(site.realm.folder, 'kdc.log'), 'utf8')
    expect(told).toMatch(/LOOKING_UP_SERVER.* for smtp\/localhost@/)
    expect(told).toMatch(/ISSUE.* alice@\S+ for SMTPSVC\/localhost@/)
  })
})

const MESSAGE = { from: 'app@example.com', to: 'ann@example.org', text: 'Hello' }

/** As SSIS writes it: the account is the one that the process runs as. */
function stringOf({ exchange }: KerberosSite, isSecure = false): Readonly<Record<string, unknown>> {
  const ssl = isSecure ? 'True' : 'False'
  return {
    connectionString: `SmtpServer=localhost;UseWindowsAuthentication=True;EnableSsl=${ssl};`,
    port: exchange.port,
  }
}

/** How the KDC answered requests for a ticket to begin with, in order. */
async function requestsTo({ realm }: KerberosSite): Promise<readonly string[]> {
  const log = await readFile(join(realm.folder, 'kdc.log'), 'utf8')
  return [...log.matchAll(/AS_REQ .*? 127\.0\.0\.1: (\w+):/g)].map(([, answer = '']) => answer)
}

/** Sends a message by each connection manager, with its name as the subject. */
async function deliver(room: Room, connections: readonly string[]): Promise<void> {
  const sent = await Promise.all(
    connections.map((connection) =>
      room.mailroom.send({ connection, message: { ...MESSAGE, subject: connection } }),
    ),
  )
  for (const { id } of sent) expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
}

/** How a login as the process ends. */
async function loginTo(site: KerberosSite, auth: object = {}): Promise<string> {
  const login = await openLogin(await managerFor(site.exchange, site.relay({ ...auth })))
  if (login.kind === 'fault') return 'detail' in login.fault ? login.fault.detail : 'a reply'
  login.socket.destroy()
  return 'logged in'
}
