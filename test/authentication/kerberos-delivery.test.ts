import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { describeSite } from '../support/servers/describe-kerberos.ts'
import { openSite } from '../support/servers/kerberos-site.ts'
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

  test('waits after one login with an old key, and flows when the file is replaced', async () => {
    await using site = await openSite()
    const { realm } = site
    const keytab = await realm.keytab('alice.keytab', 'alice')
    await realm.changeKeys('alice')
    const limits = { sessions: 1 }
    await using room = await openRoom(embeddedPlace(), { ...site.relay({ keytab }), limits })
    const sent = await Promise.all(Array.from({ length: 5 }, () => room.send()))
    await expect.poll(() => room.told('parked')).toMatchObject([{ blames: 'account' }])
    await expect.poll(() => room.mailroom.status('relay')).toMatchObject({ waiting: 5, dead: 0 })

    await realm.keytab('fresh.keytab', 'alice')
    await copyFile(join(realm.folder, 'fresh.keytab'), keytab)
    for (const { id } of sent) {
      expect(await room.settled(id)).toMatchObject({ state: 'delivered', attempts: 1 })
    }
    expect(room.told('parked')).toHaveLength(1)
    expect(JSON.stringify(room.events)).not.toMatch(/alice|ann@example/)
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

/** What arrived, by subject, and as whom it came. */
async function arrivals({ exchange }: KerberosSite): Promise<readonly string[]> {
  const messages = await exchange.messages()
  return messages
    .map(({ raw }) => String(raw))
    .map(
      (raw) => `${/^Subject: (.*)/m.exec(raw)?.[1]} as ${/^X-Login: gssapi (.*)/m.exec(raw)?.[1]}`,
    )
    .toSorted()
}
