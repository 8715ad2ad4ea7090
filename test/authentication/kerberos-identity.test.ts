import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { openLogin } from '../../src/connections/login.ts'
import { managerFor } from '../support/resolved-manager.ts'
import { startCli } from '../support/cli.ts'
import { describeSite } from '../support/servers/describe-kerberos.ts'
import { openSite } from '../support/servers/kerberos-site.ts'
import type { KerberosSite } from '../support/servers/kerberos-site.ts'
import { embeddedPlace } from '../support/stores.ts'
import { openRoom } from '../worker/mail-room.ts'

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

    await realm.kinit('bob', { keytab, cache, lifetime: '8h' })
    await realm.restart('+20m')
    expect(await loginTo(site)).toMatch(/^the clocks of this machine and of the KDC differ/)
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

/** How a login as the process ends. */
async function loginTo(site: KerberosSite, auth: object = {}): Promise<string> {
  const login = await openLogin(await managerFor(site.exchange, site.relay({ ...auth })))
  if (login.kind === 'fault') return 'detail' in login.fault ? login.fault.detail : 'a reply'
  login.socket.destroy()
  return 'logged in'
}
