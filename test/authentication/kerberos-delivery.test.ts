import { copyFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { describeSite } from '../support/servers/describe-kerberos.ts'
import type { KerberosRealm } from '../support/servers/kerberos-realm.ts'
import { arrivals, openSite } from '../support/servers/kerberos-site.ts'
import type { KerberosSite } from '../support/servers/kerberos-site.ts'
import { embeddedPlace } from '../support/stores.ts'
import { openRoom } from '../worker/mail-room.ts'

const MESSAGE = { from: 'app@example.com', to: 'ann@example.org', text: 'Hello' }

await describeSite('mail by Kerberos', () => {
  test('is delivered with the keys of a file, as it is and as Windows wraps it', async () => {
    await using site = await openSite()
    const keytab = await site.realm.keytab('client.keytab', 'alice', 'bob')
    const others = {
      'alice, raw': { keytab },
      'alice, SPNEGO': { keytab, spnego: true },
      'bob, by name': { keytab, user: 'bob' },
      'bob, by UPN': { keytab, user: 'bob@example.test', spnego: true },
      'bob, by domain': { keytab, user: String.raw`EXAMPLE\bob`, mechanism: 'negotiate' },
    }
    const secure = managers(site, { 'alice, over TLS': { keytab } }, site.secure)
    await using room = await openRoom(embeddedPlace(), site.relay(), {
      others: { ...managers(site, others), ...secure },
    })
    const connections = [...Object.keys(others), ...Object.keys(secure)]
    const sent = await Promise.all(
      connections.map((connection) =>
        room.mailroom.send({ connection, message: { ...MESSAGE, subject: connection } }),
      ),
    )
    for (const { id } of sent) expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
    await expect
      .poll(() => arrivals(site))
      .toEqual(connections.toSorted().map((name) => `${name} as ${name.split(',')[0]}`))
  })

  test('is taken by Dovecot too, which hands it on', async () => {
    await using site = await openSite()
    const { dovecot, relayed } = site
    const keytab = await site.realm.keytab('client.keytab', 'alice')
    const relay = { ...site.relay({ keytab }), port: dovecot.port, ...site.secure }
    const wrapped = { ...site.relay({ keytab, spnego: true }), port: dovecot.port, tls: 'none' }
    await using room = await openRoom(embeddedPlace(), relay, { others: { wrapped } })
    const first = await room.send()
    const second = await room.mailroom.send({ connection: 'wrapped', message: MESSAGE })
    for (const { id } of [first, second]) {
      expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
    }
    expect(relayed.mails).toHaveLength(2)
    const logins = [...(await dovecot.log()).matchAll(/Login: user=<(.*?)>, method=(\w+)/g)]
    expect(logins.map(([, who, how]) => `${who} by ${how}`)).toEqual(
      Array(2).fill('alice by GSSAPI'),
    )
  })

  test('is that of its own account for each connection manager, all at once', async () => {
    await using site = await openSite()
    const { realm } = site
    const limits = { sessions: 4, messagesPerSession: 1 }
    const [alice, bob] = [
      { keytab: await realm.keytab('alice.keytab', 'alice') },
      { keytab: await realm.keytab('bob.keytab', 'bob') },
    ]
    const others = managers(site, { alice, bob }, { limits })
    await using room = await openRoom(embeddedPlace(), site.relay(), { others })
    const accounts = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? 'alice' : 'bob'))
    const sent = await Promise.all(
      accounts.map((connection) =>
        room.mailroom.send({ connection, message: { ...MESSAGE, subject: connection } }),
      ),
    )
    for (const { id } of sent) expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
    await expect
      .poll(() => arrivals(site))
      .toEqual(accounts.map((account) => `${account} as ${account}`).toSorted())
  })

  test('waits after one refused login, locks no account, and flows when that is mended', async () => {
    await using site = await openSite({ services: ['smtp/localhost', 'SMTPSVC/localhost'] })
    const { realm } = site
    const [alice, bob, carol] = (await Promise.all(
      ['alice', 'bob', 'carol'].map((name) => realm.keytab(`${name}.keytab`, name)),
    )) as [string, string, string]
    await realm.admin('add_policy -maxfailure 2 strict')
    for (const account of ['alice', 'bob']) {
      await realm.admin(`modprinc +requires_preauth -policy strict ${account}`)
      await realm.changeKeys(account)
    }
    // The server keeps those from before.
    await realm.changeKeys('SMTPSVC/localhost')
    const others = managers(
      site,
      {
        'old key, raw': { keytab: alice },
        'old key, SPNEGO': { keytab: bob, spnego: true },
        'wrong service': { keytab: carol, spn: 'imap/localhost' },
        'old ticket, raw': { keytab: carol, spn: 'SMTPSVC/localhost' },
        'old ticket, SPNEGO': { keytab: carol, spn: 'SMTPSVC/localhost', spnego: true },
      },
      { limits: { sessions: 1 } },
    )
    const names = Object.keys(others)
    await using room = await openRoom(embeddedPlace(), site.relay({ keytab: carol }), { others })
    const sent = await Promise.all(
      [...names, ...names, ...names].map((connection) =>
        room.mailroom.send({ connection, message: MESSAGE }),
      ),
    )
    await expect.poll(() => room.told('parked')).toHaveLength(names.length)
    expect(
      room
        .told('parked')
        .map(({ connection }) => connection)
        .toSorted(),
    ).toEqual(names.toSorted())
    expect(new Set(room.told('parked').map(({ blames }) => blames))).toEqual(new Set(['account']))
    for (const name of names) {
      await expect.poll(() => room.mailroom.status(name)).toMatchObject({ waiting: 3, dead: 0 })
    }
    expect(await refusedBy(realm)).toEqual({ alice: 1, bob: 1 })
    expect((await site.dovecot.log()).match(/kvno 2 not found/g)).toHaveLength(2)
    // The library asks a second time where it may be referred to another realm.
    const asked = (await readFile(join(realm.folder, 'kdc.log'), 'utf8')).match(/ for imap\//g)
    expect(asked?.length).toBeLessThanOrEqual(2)

    const mended = { 'old key, raw': alice, 'old key, SPNEGO': bob }
    await realm.keytab('fresh-alice.keytab', 'alice')
    await realm.keytab('fresh-bob.keytab', 'bob')
    await copyFile(join(realm.folder, 'fresh-alice.keytab'), alice)
    await copyFile(join(realm.folder, 'fresh-bob.keytab'), bob)
    const freed = sent.filter((_, index) => (names[index % names.length] ?? '') in mended)
    for (const { id } of freed) {
      expect(await room.settled(id)).toMatchObject({ state: 'delivered', attempts: 1 })
    }
    expect(freed).toHaveLength(6)
    expect(await refusedBy(realm)).toEqual({ alice: 1, bob: 1 })
    expect(room.told('parked')).toHaveLength(names.length)
    expect(JSON.stringify(room.events)).not.toMatch(/alice|bob|carol|ann@example/)
  })

  test('waits while no KDC answers, and flows when one does', async () => {
    await using site = await openSite()
    const { realm } = site
    const keytab = await realm.keytab('alice.keytab', 'alice')
    await realm.stop()
    await using room = await openRoom(embeddedPlace(), site.relay({ keytab }))
    const { id } = await room.send()
    await expect
      .poll(() => room.told('parked')[0])
      .toMatchObject({ connection: 'relay', blames: 'manager' })
    await realm.restart()
    expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
  })
})

function managers(
  site: KerberosSite,
  auths: Readonly<Record<string, object>>,
  properties: object = {},
): Readonly<Record<string, unknown>> {
  const entries = Object.entries(auths).map(
    ([name, auth]) => [name, { tls: 'none', ...site.relay({ ...auth }), ...properties }] as const,
  )
  return Object.fromEntries(entries)
}

/** How often the KDC has refused whose key: each time counts towards the end of an account. */
async function refusedBy({ folder }: KerberosRealm): Promise<Readonly<Record<string, number>>> {
  const log = await readFile(join(folder, 'kdc.log'), 'utf8')
  const accounts = [...log.matchAll(/PREAUTH_FAILED: (\w+)@/g)].map(([, account = '']) => account)
  return Object.fromEntries(
    accounts.map((one) => [one, accounts.filter((account) => account === one).length]),
  )
}
