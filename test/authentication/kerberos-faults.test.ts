import { copyFile, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { expect, onTestFinished, test, vi } from 'vitest'

import { createKerberos } from '../../src/connections/auth/kerberos/kerberos.ts'
import { openLogin } from '../../src/connections/login.ts'
import type { LoginOptions } from '../../src/connections/login.ts'
import { startCli } from '../support/cli.ts'
import { managerFor } from '../support/resolved-manager.ts'
import { startScriptedServer } from '../support/scripted-server.ts'
import type { ScriptedServer } from '../support/scripted-server.ts'
import { describeKerberos } from '../support/servers/describe-kerberos.ts'
import { krb5Conf, startRealm } from '../support/servers/kerberos-realm.ts'
import type { KerberosRealm } from '../support/servers/kerberos-realm.ts'
import { startSilentKdc } from '../support/servers/silent-kdc.ts'
import { embeddedPlace } from '../support/stores.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { openRoom } from '../worker/mail-room.ts'

const NO_KEY = /^there is no key for this account in `keytab`/
const EXPIRED = /^the account is expired, locked/
const NOT_PROVED = /^the server did not prove that it is the one which the ticket is for/
const NOT_OURS = /^what the server answered does not belong to this Kerberos ticket/
const NO_KDC = { kind: 'refused', stage: 'auth', detail: /^no KDC answers for the realm/ }

await describeKerberos('a login by Kerberos', () => {
  test('that gets no ticket tells what to do, and says nothing to the server', async () => {
    await using realm = await startSmallRealm()
    await using server = await startServer()
    const keytab = await realm.keytab('alice.keytab', 'alice')
    const attempt = (auth: object) => faultOf(server, { keytab, ...auth })

    expect(await attempt({ user: 'bob' })).toMatchObject(authFault(NO_KEY))
    expect(await attempt({ keytab: realm.config })).toMatchObject(authFault(NO_KEY))
    expect(await attempt({ spn: 'imap/localhost' })).toMatchObject(
      authFault(/^the KDC does not know the service "imap\/localhost"/),
    )
    expect(await attempt({ spn: 'smtp/mail.elsewhere.test' })).toMatchObject(
      authFault(/^the server belongs to a realm that the KDC of this account does not trust/),
    )
    expect(await attempt({ user: 'alice@elsewhere.test' })).toMatchObject(authFault(NO_KEY))

    const text = await readFile(realm.config, 'utf8')
    const weak = text.replace('[libdefaults]', '$&\n permitted_enctypes = aes128-cts-hmac-sha1-96')
    for (const [file, content, sentence] of [
      ['weak', weak, /have no encryption type in common/],
      ['empty', '', /^krb5\.conf cannot be read, or names no default realm/],
      ['broken', '[libdefaults', /^krb5\.conf cannot be read, or names no default realm/],
    ] as const) {
      const [conf, copy] = [join(realm.folder, `${file}.conf`), join(realm.folder, file)]
      await copyFile(keytab, copy)
      await writeFile(conf, content)
      process.env['KRB5_CONFIG'] = conf
      expect(await attempt({ keytab: copy, user: 'alice' })).toMatchObject(authFault(sentence))
    }
    expect(server.commands.filter((line) => line.startsWith('AUTH'))).toEqual([])
  })

  test('of an account that the KDC refuses tells why', async () => {
    await using realm = await startSmallRealm()
    await using kerberos = createKerberos()
    await using server = await startServer()
    for (const [account, change, sentence] of [
      ['expired', 'modprinc -expire yesterday', EXPIRED],
      ['stale', 'modprinc -pwexpire yesterday', EXPIRED],
      ['locked', 'modprinc -allow_tix', EXPIRED],
      ['changed', 'cpw -randkey', /^the KDC refuses the key of this account/],
      ['deleted', 'delprinc -force', /^the KDC does not know this account/],
    ] as const) {
      const keytab = await realm.keytab(`${account}.keytab`, account)
      await realm.admin(`modprinc +requires_preauth ${account}`)
      await realm.admin(`${change} ${account}`)
      for (const spnego of [false, true]) {
        const fault = await faultOf(server, { keytab, spnego }, {}, { kerberos })
        expect({ account, ...fault }).toMatchObject({ account, ...authFault(sentence) })
      }
    }
    expect(server.commands.filter((line) => line.startsWith('AUTH'))).toEqual([])
  })

  test('waits for a KDC that is gone, and goes by NTLM only when nothing was said', async () => {
    await using realm = await startSmallRealm()
    await using server = await startServer({ AUTH: '535 5.7.3 no' })
    const keytab = await realm.keytab('alice.keytab', 'alice')
    const password = { mechanism: 'negotiate', user: 'alice', password: 'Secret-123' }
    expect(await faultOf(server, { keytab, ...password })).toMatchObject({ kind: 'reply' })
    expect(server.commands.filter((line) => line.startsWith('AUTH')).map(mechanismOf)).toEqual([
      'GSSAPI',
    ])

    await realm.stop()
    const again = join(realm.folder, 'again.keytab')
    await copyFile(keytab, again)
    const noKdc = { ...NO_KDC, detail: expect.stringMatching(NO_KDC.detail) as string }
    expect(await faultOf(server, { keytab: again })).toMatchObject(noKdc)
    expect(await faultOf(server, { keytab: again, ...password })).toMatchObject({ kind: 'reply' })
    expect(server.commands.filter((line) => line.startsWith('AUTH')).map(mechanismOf)).toEqual([
      'GSSAPI',
      'NTLM',
    ])
  })

  test('to a server that proves nothing is not believed', async () => {
    await using realm = await startSmallRealm()
    await using kerberos = createKerberos()
    const keytab = await realm.keytab('alice.keytab', 'alice')
    for (const [script, sentence] of [
      [{ AUTH: '235 2.7.0 welcome' }, NOT_PROVED],
      [{ AUTH: '334 ', CHALLENGE: '235 2.7.0 welcome' }, NOT_PROVED],
      [{ AUTH: '334 ', CHALLENGE: answerToTicket('') }, NOT_OURS],
      [{ AUTH: '334 ', CHALLENGE: answerToTicket(btoa('not a token')) }, NOT_OURS],
    ] as const) {
      for (const spnego of [false, true]) {
        await using server = await startServer(script)
        const fault = await faultOf(server, { keytab, spnego }, {}, { kerberos })
        expect(fault).toMatchObject(authFault(sentence))
      }
    }
  })

  test('whose KDC is silent ends in time, and holds up no other account', async () => {
    await using realm = await startSmallRealm()
    await using silence = await startSilentKdc()
    await using server = await startServer()
    const keytab = await realm.keytab('alice.keytab', 'alice')
    const other = await realm.keytab('bob.keytab', 'bob')
    const silent = join(realm.folder, 'silent.conf')
    await writeFile(silent, krb5Conf(silence.port))

    process.env['KRB5_CONFIG'] = silent
    const waiting = Array.from({ length: 6 }, () => faultOf(server, { keytab }, { auth: '4s' }))
    await expect.poll(() => silence.open).toBeGreaterThan(0)
    process.env['KRB5_CONFIG'] = realm.config
    // It has got its ticket: the server says yes at once.
    expect(await faultOf(server, { keytab: other })).toMatchObject(authFault(NOT_PROVED))
    for (const fault of await Promise.all(waiting)) {
      expect(fault).toMatchObject({ kind: 'timeout', stage: 'auth' })
    }
    // Nobody waits any more, neither here nor in the processes of these logins.
    await expect.poll(() => pidsOf(keytab)).toEqual([])
    await expect.poll(() => silence.open).toBe(0)
  })

  test('of a worker leaves no process when that stops while the KDC is silent', async () => {
    await using realm = await startSmallRealm()
    await using server = await startServer()
    const keytab = await realm.keytab('alice.keytab', 'alice')
    const auth = { method: 'windows', mechanism: 'kerberos', keytab }
    const relay = { server: 'localhost', port: server.port, auth }
    for (const way of ['TCP', 'UDP']) {
      await using silence = await startSilentKdc()
      const limit = `udp_preference_limit = ${way === 'TCP' ? 1 : 32_700}`
      const conf = krb5Conf(silence.port).replace('udp_preference_limit = 1', limit)
      await writeFile(realm.config, conf)
      await using room = await openRoom(embeddedPlace(), relay)
      const { id } = await room.send()
      await expect.poll(() => (way === 'UDP' ? silence.datagrams : silence.open)).toBeGreaterThan(0)
      expect(await pidsOf(keytab)).toHaveLength(1)

      await room.worker.stop(0, 0)
      expect(await pidsOf(keytab)).toEqual([])
      expect(await room.mailroom.get(id)).toMatchObject({ state: 'queued', attempts: 0 })
    }
    expect(server.commands.filter((line) => line.startsWith('AUTH'))).toEqual([])
  })

  test('is tried again in a new process when the one of its account was killed', async () => {
    await using realm = await startSmallRealm()
    await using silence = await startSilentKdc()
    await using server = await startServer()
    const keytab = await realm.keytab('alice.keytab', 'alice')
    const silent = join(realm.folder, 'silent.conf')
    await writeFile(silent, krb5Conf(silence.port))
    process.env['KRB5_CONFIG'] = silent
    const waiting = faultOf(server, { keytab })
    await expect.poll(() => silence.open).toBe(1)
    const [pid = 0] = await pidsOf(keytab)
    process.kill(pid, 'SIGKILL')
    expect(await waiting).toMatchObject({ kind: 'refused', cause: 'KERBEROS_ENDED' })
    process.env['KRB5_CONFIG'] = realm.config
    expect(await faultOf(server, { keytab })).toMatchObject(authFault(NOT_PROVED))
  })

  test('blames nobody when the process of its account is killed after the ticket went out', async () => {
    await using realm = await startSmallRealm()
    await using kerberos = createKerberos()
    const keytab = await realm.keytab('alice.keytab', 'alice')
    let pid = 0
    const answer = answerToTicket(btoa('whatever'))
    await using server = await startServer({
      AUTH: '334 ',
      CHALLENGE: (line) => {
        if (pid !== 0) process.kill(pid, 'SIGKILL')
        return answer(line)
      },
    })
    expect(await faultOf(server, { keytab }, {}, { kerberos })).toMatchObject(authFault(NOT_OURS))
    pid = (await pidsOf(keytab))[0] ?? 0
    expect(await faultOf(server, { keytab }, {}, { kerberos })).toMatchObject({
      kind: 'refused',
      stage: 'auth',
      cause: 'KERBEROS_ENDED',
    })
    expect(pid).toBeGreaterThan(0)
  })

  test('leaves nothing behind when its process is killed while it waits for the KDC', async () => {
    await using realm = await startSmallRealm()
    await using silence = await startSilentKdc()
    await using server = await startServer()
    const keytab = await realm.keytab('alice.keytab', 'alice')
    const silent = join(realm.folder, 'silent.conf')
    await writeFile(silent, krb5Conf(silence.port))
    const auth = { method: 'windows', mechanism: 'kerberos', keytab }
    const relay = { server: 'localhost', port: server.port, tls: 'none', auth }
    const config = join(realm.folder, 'mailroom.config.json')
    await writeFile(config, JSON.stringify({ connections: { relay } }))
    await using command = startCli(['connections', 'verify', 'relay'], {
      cwd: realm.folder,
      env: { KRB5_CONFIG: silent },
    })
    await expect.poll(() => silence.open).toBe(1)
    process.kill(command.pid, 'SIGKILL')
    await expect.poll(() => silence.open).toBe(0)
  })
})

test('a login by Kerberos without its package names it, and goes by NTLM where it may', async () => {
  await using server = await startServer({ AUTH: '535 5.7.3 no' })
  await using directory = await temporaryDirectory()
  const hidden = join(directory.path, 'hidden.mjs')
  await writeFile(hidden, WITHOUT_KERBEROS)
  const keytab = hidden
  vi.stubEnv('NODE_OPTIONS', `--import=${pathToFileURL(hidden).href}`)
  onTestFinished(() => void vi.unstubAllEnvs())
  expect(await faultOf(server, { keytab })).toMatchObject(
    authFault(/^Kerberos needs the package "kerberos", .*: npm install kerberos@7$/),
  )
  const password = { mechanism: 'negotiate', user: 'alice', password: 'Secret-123' }
  expect(await faultOf(server, { keytab, ...password })).toMatchObject({ kind: 'reply' })
  expect(server.commands.filter((line) => line.startsWith('AUTH')).map(mechanismOf)).toEqual([
    'NTLM',
  ])
})

test('a server without Kerberos is told by name what is missing, and hears nothing', async () => {
  await using server = await startServer({ EHLO: '250-scripted\n250 AUTH NTLM PLAIN' })
  expect(await faultOf(server, {})).toMatchObject(
    authFault(/^the server offers AUTH NTLM PLAIN, none of GSSAPI$/),
  )
  expect(server.commands.filter((line) => line.startsWith('AUTH'))).toEqual([])
})

const WITHOUT_KERBEROS = `
import { registerHooks } from 'node:module'
registerHooks({
  resolve(specifier, context, next) {
    if (specifier === 'kerberos') throw new Error('not installed')
    return next(specifier, context)
  },
})
`

function authFault(detail: RegExp): object {
  return { kind: 'auth', stage: 'auth', detail: expect.stringMatching(detail) }
}

async function startSmallRealm(): Promise<KerberosRealm> {
  const realm = await startRealm()
  await realm.keytab('server.keytab', 'smtp/localhost')
  process.env['KRB5_CONFIG'] = realm.config
  return realm
}

const startServer = (script: Parameters<typeof startScriptedServer>[0] = {}) =>
  startScriptedServer({ EHLO: '250-scripted\n250 AUTH GSSAPI NTLM', ...script })

/** Why a login comes to nothing. */
async function faultOf(
  server: ScriptedServer,
  auth: object,
  timeouts: object = {},
  options: LoginOptions = {},
): Promise<object> {
  const login = await openLogin(
    await managerFor(server, {
      server: 'localhost',
      auth: { method: 'windows', mechanism: 'kerberos', ...auth },
      timeouts,
    }),
    options,
  )
  if (login.kind === 'fault') return login.fault
  login.socket.destroy()
  return { kind: 'logged in' }
}

function mechanismOf(line: string): string | undefined {
  return line.split(' ')[1]
}

/** The processes that speak Kerberos with a keytab. */
async function pidsOf(keytab: string): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const commands = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  )
  return pids.filter((_, index) => commands[index]?.includes(`FILE:${keytab}`)).map(Number)
}

/** A server that asks for the ticket, which is too long for the command, and then says `text`. */
function answerToTicket(text: string): (line: string) => string {
  return (line) => (line === '*' ? '501 5.7.0 cancelled' : `334 ${text}`)
}
