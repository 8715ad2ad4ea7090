import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { startMta } from '../support/mta.ts'
import { describeDovecot } from '../support/servers/describe-servers.ts'
import { startDovecot, WINDOWS_ACCOUNT } from '../support/servers/dovecot.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { embeddedPlace } from '../support/stores.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { openRoom } from '../worker/mail-room.ts'

const { user, domain, password } = WINDOWS_ACCOUNT
const MESSAGE = { from: 'app@example.com', to: 'ann@example.org', subject: 'Hello', text: 'Ann' }

await describeDovecot('mail by NTLM', () => {
  test('is delivered however the account is written, over plain sessions and over TLS', async () => {
    await using relay = await startSmtpServer()
    await using dovecot = await startDovecot({ relayPort: relay.port })
    const tlsOptions = { ca: dovecot.certificate.cert }
    const accounts = [`${domain}\\${user}`, `${user}@corp.test`, user, `${domain}\\jürgen.straße`]
    const managers = accounts.flatMap((account, index) =>
      ['none', 'starttls'].map((tls) => [
        `${tls}-${index}`,
        {
          server: '127.0.0.1',
          port: dovecot.port,
          tls,
          tlsOptions,
          auth: { method: 'windows', mechanism: 'ntlm', user: account, password },
        },
      ]),
    )
    const others = Object.fromEntries(managers) as Readonly<Record<string, unknown>>
    // This checker of NTLM confuses logins that happen at once: one after the other, with the mail.
    const options = { others, verifyAtStart: false }
    await using room = await openRoom(embeddedPlace(), { port: relay.port }, options)
    for (const connection of Object.keys(others)) {
      const { id } = await room.mailroom.send({ connection, message: MESSAGE })
      expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
    }
    expect(relay.mails).toHaveLength(8)
    const logins = [...(await dovecot.log()).matchAll(/Login: user=<(.*?)>, method=(\w+).*/g)]
    expect(logins.map(([, who, how]) => `${who} by ${how}`)).toEqual([
      ...Array(6).fill('alice by NTLM'),
      ...Array(2).fill('jürgen.straße by NTLM'),
    ])
    expect(logins.filter(([line]) => line.includes(' TLS,'))).toHaveLength(4)
  })

  test('waits after one login with a wrong password, and flows when that is mended', async () => {
    await using relay = await startSmtpServer()
    await using dovecot = await startDovecot({ relayPort: relay.port })
    await using directory = await temporaryDirectory()
    const file = join(directory.path, 'password')
    await writeFile(file, 'Secret-124')
    const auth = { method: 'windows', user: `${domain}\\${user}`, password: `\${file:${file}}` }
    const limits = { sessions: 1 }
    await using room = await openRoom(embeddedPlace(), { port: dovecot.port, auth, limits })
    const sent = await Promise.all(Array.from({ length: 5 }, () => room.send()))
    await expect.poll(() => room.told('parked')).toMatchObject([{ blames: 'account', code: 535 }])
    await expect.poll(() => room.mailroom.status('relay')).toMatchObject({ waiting: 5, dead: 0 })
    expect((await dovecot.log()).match(/auth failed/g)).toHaveLength(1)

    await writeFile(file, password)
    for (const { id } of sent) {
      expect(await room.settled(id)).toMatchObject({ state: 'delivered', attempts: 1 })
    }
    expect(relay.mails).toHaveLength(5)
    expect(JSON.stringify(room.events)).not.toMatch(/Secret|alice|ann@example/)
  })

  test('goes to a server like Exchange, which offers Kerberos that we have no ticket for', async () => {
    await using dovecot = await startDovecot({ relayPort: 9 })
    const { authSocket, certificate } = dovecot
    const mechanisms = ['GSSAPI', 'NTLM']
    const logins = { by: 'dovecot', socket: authSocket, mechanisms } as const
    await using exchange = await startMta({ certificate, logins })
    const Exchange = {
      connectionString: 'SmtpServer=127.0.0.1;UseWindowsAuthentication=True;EnableSsl=True;',
      port: exchange.port,
      tlsOptions: { ca: certificate.cert },
      auth: { method: 'windows', user: `${domain}\\${user}`, password },
    }
    const { port } = exchange
    await using room = await openRoom(embeddedPlace(), { port }, { others: { Exchange } })
    const { id } = await room.mailroom.send({ connection: 'Exchange', message: MESSAGE })
    expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
    await expect.poll(() => exchange.messages()).toHaveLength(1)
    const [arrived] = await exchange.messages()
    expect(String(arrived?.raw)).toMatch(/with esmtpsa [^]*X-Login: ntlm alice\n/)
  })
})
