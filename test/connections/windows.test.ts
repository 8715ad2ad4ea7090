import { writeFile } from 'node:fs/promises'
import path from 'node:path'

import { describe, expect, test } from 'vitest'

import { parseConfig } from '../../src/connections/config.ts'
import { createConnections } from '../../src/connections/connections.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { problemsOf } from './problems-of.ts'

const ACCOUNT = { user: 'EXAMPLE\\svc-mail', password: '${env:PASSWORD}' }

function withAuth(auth: object) {
  const windows = { method: 'windows', ...auth } as const
  return createConnections({ relay: { server: 'mail.example.com', auth: windows } })
}

async function digestWith(auth: object, env: Record<string, string> = {}): Promise<string> {
  const { connections } = withAuth(auth)
  return (await connections.resolve('relay', { env, digestKey: 'key' })).digest
}

describe('Windows authentication', () => {
  test('needs nothing but its name: it is the account of the process', () => {
    const { connections, warnings } = withAuth({})
    expect(connections.get('relay').auth).toEqual({
      method: 'windows',
      mechanism: 'negotiate',
      spnego: false,
    })
    expect(connections.list()[0]?.auth).toEqual(connections.get('relay').auth)
    expect(warnings).toEqual([])
  })

  test.for<[what: string, auth: object]>([
    ['an account', ACCOUNT],
    ['an account with its domain behind', { ...ACCOUNT, user: 'svc-mail@example.com' }],
    ['NTLM alone', { ...ACCOUNT, mechanism: 'ntlm' }],
    ['Kerberos alone, as the process', { mechanism: 'kerberos' }],
    ['an account that is referred to', { ...ACCOUNT, user: 'EXAMPLE\\${env:NAME}' }],
    ['an account of a service', { user: 'mail/host.example.com@EXAMPLE.COM' }],
    ['a keytab', { user: 'svc-mail@EXAMPLE.COM', keytab: '/run/secrets/svc-mail.keytab' }],
    ['a service', { spn: 'SMTPSVC/mail-1.example.com' }],
    ['tickets as Windows wraps them', { spnego: true }],
  ])('takes %s', ([, auth]) => {
    expect(withAuth(auth).connections.list()).toMatchObject([{ auth }])
  })

  test.for<[what: string, auth: object, path: readonly string[], message: string]>([
    ['a password of nobody', { password: 'x' }, ['user'], 'the account that `password` belongs to'],
    ['NTLM without password', { mechanism: 'ntlm', user: 'ann' }, ['password'], 'NTLM needs one'],
    ['NTLM of the process', { mechanism: 'ntlm' }, ['user'], 'NTLM needs one'],
    ['a mechanism that is none', { mechanism: 'NTLM' }, ['mechanism'], '"ntlm"'],
    ['a host for a service', { spn: 'mail.example.com' }, ['spn'], 'service/host'],
    ['a principal for a service', { spn: 'smtp/a@EXAMPLE.COM' }, ['spn'], 'service/host'],
    ['a misspelt property', { keyTab: '/k' }, ['keyTab'], '"keytab"'],
    ['a domain of its own', { ...ACCOUNT, domain: 'EXAMPLE' }, ['domain'], 'no such property'],
    ['an account by a backslash too few', { user: 'EXAMPLE\nancy' }, ['user'], 'written twice'],
    ['an account by a backslash too many', { user: 'EXAMPLE\\\\ann' }, ['user'], 'one backslash'],
    ['an account without a name', { user: 'EXAMPLE\\' }, ['user'], 'without a name'],
    ['an account without its domain', { user: '\\ann' }, ['user'], 'without a name'],
    ['an empty keytab', { keytab: '' }, ['keytab'], ''],
    ['a broken reference', { ...ACCOUNT, password: '${PASSWORD}' }, ['password'], ''],
  ])('does not take %s', ([, auth, property, message]) => {
    const problems = problemsOf(() => withAuth(auth))
    const where = ['connections', 'relay', 'auth', ...property]
    expect(problems).toContainEqual(
      expect.objectContaining({ path: where, message: expect.stringContaining(message) }),
    )
  })

  test('warns when the session is plain, for others can use it then', () => {
    const auth = { method: 'windows' } as const
    const { warnings } = createConnections({ relay: { server: 'mail', tls: 'none', auth } })
    expect(warnings).toMatchObject([{ connection: 'relay', code: 'INSECURE_AUTH' }])
  })

  test('never shows a password that is written down', () => {
    const { connections } = withAuth({ ...ACCOUNT, password: 'hunter2' })
    expect(JSON.stringify([connections.list(), connections.get('relay')])).not.toContain('hunter2')
  })

  test('is another login when anything of it is another', async () => {
    await using directory = await temporaryDirectory()
    const keytab = path.join(directory.path, 'keys')
    await writeFile(keytab, 'old keys')
    const variants: readonly Parameters<typeof digestWith>[] = [
      [{}],
      [{ mechanism: 'kerberos' }],
      [{ spnego: true }],
      [{ spn: 'SMTPSVC/other' }],
      [{ user: 'ann' }],
      [ACCOUNT, { PASSWORD: 'one' }],
      [ACCOUNT, { PASSWORD: 'two' }],
      [{ ...ACCOUNT, mechanism: 'ntlm' }, { PASSWORD: 'two' }],
      [{ keytab }],
    ]
    const digests = await Promise.all(variants.map((variant) => digestWith(...variant)))
    await writeFile(keytab, 'new keys')
    digests.push(await digestWith({ keytab }))
    expect(new Set(digests).size).toBe(variants.length + 1)
  })

  test('says which reference or file is missing', async () => {
    const { connections } = withAuth(ACCOUNT)
    const missing = { code: 'SECRET_UNAVAILABLE', message: expect.stringContaining('PASSWORD') }
    await expect(connections.resolve('relay', { env: {} })).rejects.toMatchObject(missing)
    const keyless = withAuth({ keytab: '/nowhere/mail.keytab' }).connections
    await expect(keyless.resolve('relay', { env: {} })).rejects.toMatchObject({
      code: 'SECRET_UNAVAILABLE',
      message: expect.stringContaining('/nowhere/mail.keytab'),
    })
  })

  test.for<[url: string, auth: object]>([
    ['smtp://mail.example.com?auth=windows', { method: 'windows', mechanism: 'negotiate' }],
    [
      'smtp://EXAMPLE%5Csvc-mail:${env:PASSWORD}@mail.example.com?auth=windows&mechanism=ntlm',
      { method: 'windows', mechanism: 'ntlm', ...ACCOUNT },
    ],
    [
      'smtp://mail.example.com?auth=windows&keytab=/run/k&spn=SMTPSVC/mail&spnego=true',
      { method: 'windows', keytab: '/run/k', spn: 'SMTPSVC/mail', spnego: true },
    ],
    [
      'smtps://app:${env:PASSWORD}@mail.example.com?mechanism=PLAIN',
      { method: 'basic', user: 'app', mechanism: 'PLAIN' },
    ],
  ])('%s is read', ([relay, auth]) => {
    const { connections } = createConnections({ relay })
    expect(connections.list()).toMatchObject([{ auth }])
  })

  test('is given by a variable, or by an environment in the place of a password', () => {
    const auth = { method: 'basic', user: 'app', password: '${env:PASSWORD}' } as const
    const config = {
      connections: { relay: { server: 'mail.example.com', auth } },
      environments: { production: { connections: { relay: { auth: { method: 'windows' } } } } },
    }
    const env = { MAILROOM_CONNECTION_OTHER: 'smtp://mail.example.com?auth=windows' }
    const { connections } = parseConfig(config, { environment: 'production', env })
    const windows = { method: 'windows', mechanism: 'negotiate', spnego: false }
    expect(connections.list()).toMatchObject([{ auth: windows }, { auth: windows }])
    expect(Object.keys(connections.list()[0]?.auth ?? {}).toSorted()).toEqual(
      Object.keys(windows).toSorted(),
    )
  })
})
