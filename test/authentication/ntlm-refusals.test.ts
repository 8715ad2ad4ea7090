import { expect, test } from 'vitest'

import { composeNegotiate } from '../../src/connections/auth/ntlm/negotiate.ts'
import { openLogin } from '../../src/connections/login.ts'
import { verifyManager } from '../../src/connections/verify.ts'
import { startMta } from '../support/mta.ts'
import { managerFor } from '../support/resolved-manager.ts'
import { startRewritingProxy } from '../support/rewriting-proxy.ts'
import { describeDovecot, describeMtaWithLogins } from '../support/servers/describe-servers.ts'
import { startDovecot, WINDOWS_ACCOUNT } from '../support/servers/dovecot.ts'
import { embeddedPlace } from '../support/stores.ts'
import { openRoom } from '../worker/mail-room.ts'

const { user, domain, password } = WINDOWS_ACCOUNT
const AUTH = { method: 'windows', user: `${domain}\\${user}`, password } as const

/** Of Samba's challenge: the version that it says it is, and another one. */
const [TRUE_VERSION, FALSE_VERSION] = ['BgEAAAAA', 'BgIAAAAA']

await describeMtaWithLogins('a server that can only do NTLMv1', () => {
  test('hears nothing but that we speak NTLM, and its manager waits', async () => {
    await using exim = await startMta({ logins: { by: 'spa', password } })
    await using proxy = await startRewritingProxy(exim.port, '', '')
    await using room = await openRoom(embeddedPlace(), { port: proxy.port, auth: AUTH })
    await room.send()
    await room.send()
    await expect.poll(() => room.told('parked')).toMatchObject([{ blames: 'account' }])
    await expect.poll(() => room.mailroom.status('relay')).toMatchObject({ waiting: 2, dead: 0 })
    expect(JSON.stringify(room.told('parked'))).toContain('NTLMv1')
    const [, ...lines] = proxy.lines
    expect(lines).toEqual([`AUTH NTLM ${composeNegotiate().toString('base64')}`, '*'])
    expect(await exim.messages()).toEqual([])
    const { manager } = await managerFor(exim, { auth: AUTH })
    const verified = await verifyManager(manager, { env: {} })
    expect(verified).toMatchObject({ ok: false, problem: 'auth.ntlm-v1' })
  })
})

await describeDovecot('NTLM', () => {
  test('is refused by the server when somebody on the way changed a word of it', async () => {
    await using dovecot = await startDovecot({ relayPort: 9 })
    for (const [heard, fault] of [
      [TRUE_VERSION, undefined],
      [FALSE_VERSION, { kind: 'reply', stage: 'auth', reply: { code: 535 } }],
    ] as const) {
      await using proxy = await startRewritingProxy(dovecot.port, TRUE_VERSION, heard)
      const login = await openLogin(await managerFor(proxy, { auth: AUTH }))
      expect(login).toMatchObject(fault ? { kind: 'fault', fault } : { kind: 'open' })
      if (login.kind === 'open') login.socket.destroy()
    }
  })

  test('is not replaced by anything else where the server does not have it', async () => {
    const mechanisms = ['PLAIN', 'LOGIN']
    await using dovecot = await startDovecot({ relayPort: 9, mechanisms })
    await using proxy = await startRewritingProxy(dovecot.port, '', '')
    for (const [mechanism, wanted] of [
      ['negotiate', 'GSSAPI, NTLM'],
      ['ntlm', 'NTLM'],
      ['kerberos', 'GSSAPI'],
    ] as const) {
      const login = await openLogin(await managerFor(proxy, { auth: { ...AUTH, mechanism } }))
      const detail = `the server offers AUTH PLAIN LOGIN, none of ${wanted}`
      expect(login).toMatchObject({ fault: { kind: 'auth', stage: 'auth', detail } })
    }
    expect(proxy.lines.filter((line) => !line.startsWith('EHLO'))).toEqual([])
  })
})
