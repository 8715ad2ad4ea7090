import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { createConnections } from '../../src/index.ts'
import { describePostfix } from '../support/servers/describe-servers.ts'
import { startPostfix } from '../support/servers/postfix.ts'
import { POSTFIX_REALM } from '../support/servers/postfix-config.ts'
import type { Postfix } from '../support/servers/postfix.ts'
import { embeddedPlace } from '../support/stores.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { openRoom } from '../worker/mail-room.ts'

const MECHANISMS = ['PLAIN', 'LOGIN', 'CRAM-MD5', 'SCRAM-SHA-256']
/** Its base64 is longer than a line of Postfix may be. */
const LONG = 'x'.repeat(1900)
const USERS = { long: LONG, app: 'correct horse', 'mail room': 'straße, schön=gut' }

/** Who may send as whom, and whose mail it takes for whom. */
const PARTICULAR = {
  smtpd_sender_login_maps: `inline:{app@example.org=app@${POSTFIX_REALM} boss@example.org=boss@${POSTFIX_REALM}}`,
  smtpd_sender_restrictions: 'reject_sender_login_mismatch',
  smtpd_recipient_restrictions: 'permit_sasl_authenticated, reject_unauth_destination',
  virtual_mailbox_domains: 'example.org',
  virtual_mailbox_maps: 'inline:{ann@example.org=mail/}',
}

function relayOf(postfix: Postfix, auth: object, tls: 'starttls' | 'implicit' = 'starttls') {
  return {
    server: '127.0.0.1',
    port: tls === 'implicit' ? postfix.tlsPort : postfix.port,
    tls,
    tlsOptions: { ca: postfix.certificate.cert },
    auth: { method: 'basic', ...auth },
  }
}

await describePostfix('mail through Postfix', () => {
  test('is delivered by each basic mechanism, over STARTTLS and over implicit TLS', async () => {
    await using postfix = await startPostfix({ users: USERS })
    const others = Object.fromEntries(
      MECHANISMS.flatMap((mechanism) => [
        [
          `${mechanism} over STARTTLS as app`,
          relayOf(postfix, { mechanism, user: 'app', password: USERS.app }),
        ],
        [
          `${mechanism} over implicit TLS as mail room`,
          relayOf(
            postfix,
            { mechanism, user: 'mail room', password: USERS['mail room'] },
            'implicit',
          ),
        ],
      ]),
    ) as Record<string, unknown>
    others['PLAIN with much as long'] = relayOf(postfix, {
      mechanism: 'PLAIN',
      user: 'long',
      password: LONG,
    })
    const strongest = relayOf(postfix, { user: 'app', password: USERS.app })
    await using room = await openRoom(embeddedPlace(), strongest, { others })
    const sent = await Promise.all(
      ['relay', ...Object.keys(others)].map((connection) =>
        room.mailroom.send({
          connection,
          message: {
            from: 'app@example.com',
            to: 'ann@example.org',
            subject: connection,
            text: '',
          },
        }),
      ),
    )
    for (const { id } of sent) expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
    await expect.poll(() => postfix.messages()).toHaveLength(10)
    const arrived = (await postfix.messages()).map((text) => ({
      subject: /^Subject: (.*)$/m.exec(text)?.[1],
      user: /Authenticated sender: (.*?)@example\.test/.exec(text)?.[1],
      how: /with (ESMTPSA|UTF8SMTPSA)/.test(text),
    }))
    expect(new Set(arrived)).toEqual(
      new Set([
        { subject: 'relay', user: 'app', how: true },
        ...Object.keys(others).map((subject) => ({
          subject,
          user: subject.replace(/.* as /, ''),
          how: true,
        })),
      ]),
    )
  })

  test('waits after one login with a wrong password, by whatever mechanism, until that is mended', async () => {
    await using postfix = await startPostfix({ users: USERS })
    await using directory = await temporaryDirectory()
    const file = join(directory.path, 'password')
    await writeFile(file, 'incorrect horse')
    const relays = MECHANISMS.map((mechanism) => [
      mechanism,
      relayOf(postfix, { mechanism, user: 'app', password: `\${file:${file}}` }),
    ])
    const others = Object.fromEntries(relays) as Readonly<Record<string, unknown>>
    await using room = await openRoom(embeddedPlace(), { port: postfix.port }, { others })
    const message = { from: 'app@example.com', to: 'ann@example.org', subject: '', text: 'Hello' }
    const send = (connection: string) => room.mailroom.send({ connection, message })
    const sent = await Promise.all([...MECHANISMS, ...MECHANISMS].map(send))
    await expect.poll(() => room.told('parked').map(({ code }) => code)).toEqual(Array(4).fill(535))
    for (const name of MECHANISMS) {
      await expect.poll(() => room.mailroom.status(name)).toMatchObject({ waiting: 2, dead: 0 })
    }
    const refusals = async () => [
      ...(await postfix.log()).matchAll(/SASL (\S+) authentication failed/g),
    ]
    await expect.poll(refusals).toHaveLength(4)

    await writeFile(file, USERS.app)
    for (const { id } of sent) {
      expect(await room.settled(id)).toMatchObject({ state: 'delivered', attempts: 1 })
    }
    await expect.poll(() => postfix.messages()).toHaveLength(8)
    expect(new Set((await refusals()).map(([, name]) => name))).toEqual(new Set(MECHANISMS))
    expect(JSON.stringify(room.events)).not.toMatch(/horse|ann@example/)
  })

  test('does not begin when no mechanism that would do is on offer, and gets no token', async () => {
    await using postfix = await startPostfix({ users: USERS, mechanisms: ['PLAIN', 'LOGIN'] })
    const auth = { mechanism: 'SCRAM-SHA-256', user: 'app', password: USERS.app }
    let asked = 0
    const getToken = () => ({ accessToken: `token ${(asked += 1)}` })
    const byToken = { method: 'oauth2', grant: 'callback', user: 'app@example.com', getToken }
    const others = { byToken: relayOf(postfix, byToken) }
    await using room = await openRoom(embeddedPlace(), relayOf(postfix, auth), { others })
    const message = { from: 'app@example.com', to: 'ann@example.org', subject: '', text: 'Hello' }
    await Promise.all([room.send(), room.mailroom.send({ connection: 'byToken', message })])
    const parked = () => room.told('parked').map(({ manager, reason }) => `${manager}: ${reason}`)
    await expect
      .poll(() => parked().toSorted())
      .toEqual([
        expect.stringMatching(/^byToken: .*AUTH PLAIN LOGIN, none of XOAUTH2, OAUTHBEARER/),
        expect.stringMatching(/^relay: .*AUTH PLAIN LOGIN, none of SCRAM-SHA-256/),
      ])
    expect(asked).toBe(0)
    await expect.poll(() => postfix.log()).toContain('disconnect from')
    expect(await postfix.log()).not.toContain('auth=')
  })

  test('is what a verification can tell beforehand, and names what is wrong', async () => {
    await using postfix = await startPostfix({ users: USERS, settings: PARTICULAR })
    const right = relayOf(postfix, { user: 'app', password: USERS.app })
    const { connections } = createConnections({
      right,
      nobody: { ...right, auth: { method: 'anonymous' } },
      wrong: { ...right, auth: { ...right.auth, user: 'nobody' } },
      stranger: { ...right, tlsOptions: {} },
    } as never)
    const verify = async (name: string) => connections.verify(name, { env: {} })
    expect(await verify('right')).toMatchObject({ ok: true })
    expect(await verify('wrong')).toMatchObject({ ok: false })
    expect(JSON.stringify(await verify('wrong'))).toMatch(/535.*authentication/)
    expect(JSON.stringify(await verify('stranger'))).toMatch(/self-signed/)

    const [app, ann] = ['app@example.org', 'ann@example.org']
    for (const [name, from, to, problem] of [
      ['right', app, ann, undefined],
      ['nobody', 'out@example.com', ann, undefined],
      ['right', 'boss@example.org', ann, 'mail.sender-not-allowed'],
      ['nobody', app, ann, 'mail.login-needed'],
      ['nobody', 'out@example.com', 'ann@elsewhere.test', 'rcpt.relay-denied'],
      ['right', app, 'nobody@example.org', 'rcpt.unknown'],
    ] as const) {
      const found = await connections.verify(name, { env: {}, envelope: { from, to: [to] } })
      expect({ from, to, ok: found.ok, problem: found.problem }).toEqual({
        from,
        to,
        ok: problem === undefined,
        problem,
      })
    }
    await expect.poll(() => postfix.log()).toContain('rset=1')
    expect(await postfix.log()).not.toContain(' data=')
  })
})
