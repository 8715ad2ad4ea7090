import { X509Certificate } from 'node:crypto'

import { expect, test } from 'vitest'

import { createCertificate } from '../support/certificate.ts'
import { describePostfix } from '../support/servers/describe-servers.ts'
import { startPostfix } from '../support/servers/postfix.ts'
import type { Postfix } from '../support/servers/postfix.ts'
import { embeddedPlace } from '../support/stores.ts'
import { openRoom } from '../worker/mail-room.ts'

const authority = createCertificate({ hosts: ['Authority of clients'], isAuthority: true })
const ours = createCertificate({ hosts: ['our worker'], issuer: authority })
const foreign = createCertificate({ hosts: ['another worker'] })

/** It wants to have one; nobody logs in. */
const USERS = { app: 'correct horse' }

/** Trusts whoever shows a certificate of the authority, and nobody else. */
const CHOOSY = {
  smtpd_tls_ask_ccert: 'yes',
  smtpd_tls_CAfile: '$queue_directory/../authority.pem',
  smtpd_tls_received_header: 'yes',
  smtpd_recipient_restrictions: 'permit_tls_all_clientcerts, reject',
}

/** Trusts this machine, and speaks nothing newer than TLS 1.0. */
const OLD = {
  mynetworks: '127.0.0.0/8',
  smtpd_recipient_restrictions: 'permit_mynetworks, reject',
  smtpd_tls_received_header: 'yes',
  smtpd_tls_protocols: 'TLSv1',
  smtpd_tls_mandatory_protocols: 'TLSv1',
  tls_medium_cipherlist: 'ALL:@SECLEVEL=0',
}

function relayOf(postfix: Postfix, properties: object, tlsOptions: object = {}): object {
  const { port, certificate } = postfix
  return {
    server: '127.0.0.1',
    port,
    tls: 'starttls',
    // A connection that a busy Postfix accepts and never greets is one of five minutes by default.
    timeouts: { greeting: '10s' },
    tlsOptions: { ...('fingerprint' in tlsOptions ? {} : { ca: certificate.cert }), ...tlsOptions },
    ...properties,
  }
}

/** Nine ways to log in to two servers that have just started, and a machine that may be busy. */
const PATIENCE = { timeout: 150_000 }

await describePostfix('TLS with Postfix', () => {
  test('is what its options say, and each way that fails tells what to set', PATIENCE, async () => {
    await using choosy = await startPostfix({
      users: USERS,
      authority: authority.cert,
      settings: CHOOSY,
    })
    await using old = await startPostfix({ users: USERS, settings: OLD })
    const { fingerprint256 } = new X509Certificate(choosy.certificate.cert)
    const client = { cert: ours.cert, key: ours.key }
    const other = { fingerprint: new X509Certificate(foreign.cert).fingerprint256 }
    const relays: Readonly<Record<string, object>> = {
      'client certificate': relayOf(choosy, {}, client),
      'client certificate, implicit': relayOf(
        choosy,
        { port: choosy.tlsPort, tls: 'implicit' },
        client,
      ),
      'client certificate, pinned': relayOf(choosy, {}, { ...client, fingerprint: fingerprint256 }),
      'certificate of another': relayOf(choosy, {}, { cert: foreign.cert, key: foreign.key }),
      'pinned to another': relayOf(choosy, {}, other),
      legacy: relayOf(old, {}, { legacy: true }),
      'not legacy': relayOf(old, {}),
      opportunistic: relayOf(old, { tls: 'opportunistic', tlsOptions: { legacy: true } }),
      'opportunistic, in vain': relayOf(old, { tls: 'opportunistic' }),
    }
    await using room = await openRoom(embeddedPlace(), { port: old.port }, { others: relays })
    const send = (connection: string) => {
      const message = { from: 'a@example.com', to: 'b@example.org', subject: connection, text: '' }
      return room.mailroom.send({ connection, message })
    }
    const sent = await Promise.all(
      Object.keys(relays).map(async (name) => [name, await send(name)] as const),
    )
    const failing = ['certificate of another', 'pinned to another', 'not legacy']
    for (const [name, { id }] of sent.filter(([one]) => !failing.includes(one))) {
      // A server that is slow at its start is asked again, later each time.
      const settled = await room.mailroom.untilSettled(id, { timeoutMs: 90_000 })
      expect([name, settled]).toMatchObject([name, { state: 'delivered' }])
    }
    const how = async () =>
      Object.fromEntries([...(await choosy.messages()), ...(await old.messages())].map(howItCame))
    await expect.poll(how).toEqual({
      'client certificate': 'TLSv1.3 of our worker',
      'client certificate, implicit': 'TLSv1.3 of our worker',
      'client certificate, pinned': 'TLSv1.3 of our worker',
      legacy: 'TLSv1 of nobody',
      opportunistic: 'TLSv1 of nobody',
      'opportunistic, in vain': 'plain of nobody',
    })
    await expect
      .poll(() => room.told('parked').map(({ connection, reason }) => [connection, reason]))
      .toEqual(
        expect.arrayContaining([
          ['pinned to another', expect.stringContaining(fingerprint256)],
          ['not legacy', expect.stringContaining('set tlsOptions.legacy')],
        ]),
      )
    await expect.poll(() => choosy.log()).toMatch(/reject: RCPT from .*<b@example.org>/)
    expect(await choosy.messages()).toHaveLength(3)
  })
})

/** The subject of a message as it arrived, its TLS version, and whose verified certificate it came with. */
function howItCame(text: string): readonly [subject: string, how: string] {
  const subject = /^Subject: (.*)$/m.exec(text)?.[1] ?? ''
  const version = /using (TLSv[\d.]+) with/.exec(text)?.[1] ?? 'plain'
  const client = /Client CN "(.*?)".*?\(verified OK\)/s.exec(text)?.[1] ?? 'nobody'
  return [subject, `${version} of ${client}`]
}
