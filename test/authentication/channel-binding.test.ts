import { once } from 'node:events'
import { connect, createServer } from 'node:tls'
import type { TLSSocket } from 'node:tls'

import { expect, test } from 'vitest'

import { createCertificate } from '../support/certificate.ts'
import type { Certificate } from '../support/certificate.ts'
import { portOf } from '../support/port-of.ts'
import { startBoundSmtpServer } from '../support/servers/bound-smtp-server.ts'
import { describeAcceptor } from '../support/servers/describe-kerberos.ts'
import { WINDOWS_ACCOUNT } from '../support/servers/dovecot.ts'
import { startRealm } from '../support/servers/kerberos-realm.ts'
import { embeddedPlace } from '../support/stores.ts'
import { openRoom } from '../worker/mail-room.ts'

const { user, domain, password } = WINDOWS_ACCOUNT
const NTLM = { method: 'windows', mechanism: 'ntlm', user: `${domain}\\${user}`, password }
const authority = createCertificate({ hosts: ['Test authority'], isAuthority: true })
const [certificate, another] = [1, 2].map(() =>
  createCertificate({ hosts: ['localhost'], issuer: authority }),
) as [Certificate, Certificate]

const relayOf = ({ port }: { readonly port: number }, auth: object) => ({
  server: 'localhost',
  port,
  tls: 'implicit',
  tlsOptions: { ca: authority.cert },
  auth,
})

await describeAcceptor('a server that checks which session a login is for', () => {
  test('takes NTLM of its own TLS sessions, and of nobody in between whom we trust', async () => {
    await using server = await startBoundSmtpServer({ certificate, binding: 'demanded' })
    // With its own key somebody in between changes nothing that it could see.
    await using twin = await startTlsRelay(server.port, certificate)
    await using man = await startTlsRelay(server.port, another)
    const others = { twin: relayOf(twin, NTLM), man: relayOf(man, NTLM) }
    await using room = await openRoom(embeddedPlace(), relayOf(server, NTLM), { others })
    for (const connection of ['relay', 'twin']) {
      const { id } = await room.mailroom.send({ connection, message: MESSAGE })
      expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
    }
    await room.mailroom.send({ connection: 'man', message: MESSAGE })
    await expect
      .poll(() => room.told('parked'))
      .toMatchObject([{ connection: 'man', blames: 'account', code: 535 }])

    const told = await server.told()
    const account = `${domain}\\${user}`
    const [mails, logins] = [
      told.filter((one) => 'mail' in one),
      told.filter((one) => 'login' in one),
    ]
    expect(mails.map((mail) => mail.user)).toEqual([account, account])
    const bound = { login: 'NTLM', user: account, bound: true }
    expect(logins.filter((login) => !('refused' in login))).toEqual([bound, bound])
    expect(logins.filter((login) => 'refused' in login)).toHaveLength(1)
    expect(man.heard).toMatch(/^EHLO .*\r\nAUTH NTLM /)
    expect(man.heard).not.toMatch(/MAIL|example\.org|Ann/)
  })

  test('takes Kerberos, which is bound to nothing, unless it demands that', async () => {
    await using realm = await startRealm()
    process.env['KRB5_CONFIG'] = realm.config
    const kerberos = {
      config: realm.config,
      keytab: await realm.keytab('server.keytab', 'smtp/localhost'),
    }
    await using server = await startBoundSmtpServer({ certificate, binding: 'welcome', kerberos })
    await using strict = await startBoundSmtpServer({ certificate, binding: 'demanded', kerberos })
    const keytab = await realm.keytab('alice.keytab', 'alice')
    const auth = { method: 'windows', mechanism: 'kerberos', keytab }
    const others = { strict: relayOf(strict, auth) }
    await using room = await openRoom(embeddedPlace(), relayOf(server, auth), { others })
    const { id } = await room.send()
    expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
    await room.mailroom.send({ connection: 'strict', message: MESSAGE })
    await expect
      .poll(() => room.told('parked'))
      .toMatchObject([{ connection: 'strict', code: 535 }])
    expect(await server.told()).toMatchObject([
      { login: 'GSSAPI', user: 'alice@EXAMPLE.TEST', bound: false },
      { user: 'alice@EXAMPLE.TEST', mail: expect.stringContaining('Subject: Hello') as string },
    ])
    expect(await strict.told()).toEqual([{ login: 'GSSAPI', refused: 'not bound' }])
  })
})

const MESSAGE = { from: 'app@example.com', to: 'ann@example.org', subject: 'Hello', text: 'Ann' }

interface TlsRelay extends AsyncDisposable {
  readonly port: number
  /** All that clients have said. */
  readonly heard: string
}

/** Ends TLS with a certificate, and hands on what comes over a TLS session of its own. */
async function startTlsRelay(port: number, shown: Certificate): Promise<TlsRelay> {
  const ends = new Set<TLSSocket>()
  let heard = ''
  const server = createServer({ key: shown.key, cert: shown.cert }, (client) => {
    const upstream = connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
    for (const end of [client, upstream]) {
      ends.add(end)
      end.on('error', () => {})
      end.on('close', () => [client, upstream].forEach((other) => other.destroy()))
    }
    client.on('data', (bytes: Buffer) => (heard += bytes.toString('latin1')))
    client.pipe(upstream).pipe(client)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: portOf(server),
    get heard() {
      return heard
    },
    [Symbol.asyncDispose]: async () => {
      for (const end of ends) end.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
