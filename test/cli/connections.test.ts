import { X509Certificate } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'

import { expect, test } from 'vitest'

import { createCertificate } from '../support/certificate.ts'
import { jsonLines } from '../support/cli.ts'
import { runInside } from '../support/cli-inside.ts'
import { freePort } from '../support/free-port.ts'
import { startScriptedServer } from '../support/scripted-server.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts'

const SECRET = 'hunter2-in-the-file'
const WRITTEN = { default: false, origin: 'mailroom.config.json' }

async function project(connections: object, more: object = {}): Promise<TemporaryDirectory> {
  const directory = await temporaryDirectory()
  const file = path.join(directory.path, 'mailroom.config.json')
  await writeFile(file, JSON.stringify({ connections, ...more }))
  return directory
}

function basic(password: string): object {
  return { method: 'basic', user: 'app', password, allowInsecureAuth: true }
}

test('a secret in the configuration is in nothing that is shown', async () => {
  await using directory = await project({
    relay: { server: 'mail.example.com', tls: 'none', auth: basic(SECRET) },
  })
  for (const args of ['list', 'list --table', 'show relay', 'show relay --table', 'verify relay']) {
    const { out, err } = await runInside(['connections', ...args.split(' '), '--verbose'], {
      cwd: directory.path,
    })
    expect(out + err).toContain('relay')
    expect(out + err).not.toContain(SECRET)
  }
})

test('every property is shown with its default marked and where the others come from', async () => {
  await using directory = await project(
    {
      relay: {
        server: 'mail.example.com',
        tls: 'implicit',
        limits: { sessions: 3 },
        auth: basic('${env:PASSWORD}'),
      },
    },
    { environments: { staging: { connections: { relay: { redirectAll: 'all@example.com' } } } } },
  )
  const show = ['connections', 'show', 'relay']
  const { out } = await runInside([...show, '--environment', 'staging'], { cwd: directory.path })
  const shown = new Map(jsonLines(out).map((line) => [line['property'], line]))
  expect(shown.get('server')).toEqual({ property: 'server', value: 'mail.example.com', ...WRITTEN })
  expect(shown.get('auth.password')).toMatchObject({ value: '${env:PASSWORD}', ...WRITTEN })
  expect(shown.get('auth.allowInsecureAuth')).toMatchObject({ value: true, ...WRITTEN })
  expect(shown.get('limits.sessions')).toMatchObject({ value: 3, ...WRITTEN })
  expect(shown.get('redirectAll')).toMatchObject({ default: false, origin: 'environment staging' })
  expect(shown.get('port')).toEqual({ property: 'port', value: 465, default: true })
  expect(shown.get('timeouts.dot')).toMatchObject({ value: '10m', default: true })
  expect(shown.get('clientName')).toEqual({ property: 'clientName', default: true })

  const table = await runInside([...show, '--table'], { cwd: directory.path })
  expect(table.out).toMatch(/^timeouts\.dot +10m +default$/m)
  expect(table.out).toMatch(/^limits\.sessions +3 +mailroom\.config\.json$/m)
})

test('what is shown of a login by Windows authentication is what was written', async () => {
  const auth = { method: 'windows', user: 'EXAMPLE\\svc-mail', password: SECRET }
  await using directory = await project({ relay: { server: 'mail.example.com', auth } })
  const { out } = await runInside(['connections', 'show', 'relay'], { cwd: directory.path })
  expect(jsonLines(out).filter(({ property }) => String(property).startsWith('auth.'))).toEqual([
    { property: 'auth.method', value: 'windows', ...WRITTEN },
    { property: 'auth.mechanism', value: 'negotiate', default: true },
    { property: 'auth.user', value: 'EXAMPLE\\svc-mail', ...WRITTEN },
    { property: 'auth.password', value: '[secret]', ...WRITTEN },
    { property: 'auth.spnego', value: false, default: true },
  ])
})

test('what is shown of TLS options is what was written, without what is secret', async () => {
  const { cert, key } = createCertificate({ hosts: ['us'], passphrase: SECRET })
  const fingerprint = ['ab'.repeat(32), 'cd'.repeat(32)]
  const tlsOptions = { cert, key, passphrase: SECRET, fingerprint, legacy: true }
  await using directory = await project({ relay: { server: 'mail.example.com', tlsOptions } })
  const { out } = await runInside(['connections', 'show', 'relay'], { cwd: directory.path })
  expect(jsonLines(out).filter(({ property }) => String(property).startsWith('tlsOpt'))).toEqual([
    { property: 'tlsOptions.cert', value: expect.stringMatching(/^PEM, \d+ char/), ...WRITTEN },
    { property: 'tlsOptions.key', value: '[secret]', ...WRITTEN },
    { property: 'tlsOptions.passphrase', value: '[secret]', ...WRITTEN },
    { property: 'tlsOptions.fingerprint', value: expect.stringMatching(/AB, CD:/), ...WRITTEN },
    { property: 'tlsOptions.legacy', value: true, ...WRITTEN },
    { property: 'tlsOptions.minVersion', value: 'TLSv1', default: true },
    { property: 'tlsOptions.ca', default: true },
    { property: 'tlsOptions.serverName', default: true },
  ])
})

test('each step of a verification has its mark, and the exit code tells whether all work', async () => {
  await using server = await startSmtpServer({ users: { app: 'right' } })
  const relay = { server: '127.0.0.1', port: server.port, tls: 'none' }
  await using directory = await project({
    works: { ...relay, auth: basic('right') },
    refused: { ...relay, auth: basic('wrong') },
    silent: { ...relay, port: await freePort() },
    secretless: { ...relay, auth: basic('${env:NOBODY_SET_IT}') },
  })
  const { code, out, err } = await runInside(['connections', 'verify'], { cwd: directory.path })
  expect(code).toBe(7)
  expect(err).toContain('"works" sends its password over a plain connection')
  expect(jsonLines(out)).toMatchObject([
    {
      connection: 'works',
      ok: true,
      steps: ['secrets', 'connect', 'greeting', 'ehlo', 'auth', 'quit'].map((step) => ({
        step,
        ok: true,
      })),
    },
    {
      connection: 'refused',
      ok: false,
      steps: [{}, {}, {}, {}, { step: 'auth', ok: false, detail: expect.stringMatching(/535/) }],
      problem: 'auth.password-refused',
      advice: expect.stringMatching(/user and password/),
    },
    { connection: 'silent', ok: false, steps: [{}, { step: 'connect', ok: false }] },
    { connection: 'secretless', steps: [{ step: 'secrets', detail: expect.any(String) }] },
  ])
  const args = ['connections', 'verify', 'works', 'works', '--table']
  const one = await runInside(args, { cwd: directory.path })
  expect(one.code).toBe(0)
  expect(one.out).toMatch(/^works {2}works \(.*\)\n {2}✔ secrets \S+\n(?: {2}✔ .*\n)+$/)
  expect(one.out).toMatch(/\n {2}✔ connect \S+: 127\.0\.0\.1\n/)
  expect(one.out).toMatch(/\n {2}✔ ehlo \S+: AUTH PLAIN LOGIN.*\n/)
  expect(one.out).toMatch(/\n {2}✔ auth \S+: PLAIN as app\n/)
  const shown = await runInside(['connections', 'verify', 'silent', '--table'], {
    cwd: directory.path,
  })
  expect(shown.out).toMatch(
    /\n {2}✖ connect \S+: .*ECONNREFUSED\n {4}.*Check `server` and `port`.*\n$/,
  )
})

test('many are tried together, but no more than five', async () => {
  await using server = await startSmtpServer({ users: { app: 'right' } })
  const relay = { server: '127.0.0.1', port: server.port, tls: 'none', auth: basic('right') }
  const names = Array.from({ length: 12 }, (_, index) => [`relay ${index}`, relay] as const)
  await using directory = await project(Object.fromEntries(names))
  const { code, out } = await runInside(['connections', 'verify'], { cwd: directory.path })
  expect(code).toBe(0)
  expect(jsonLines(out).map(({ connection }) => connection)).toEqual(names.map(([name]) => name))
  expect(server.mostOpen).toBeLessThanOrEqual(5)
  expect(server.mostOpen).toBeGreaterThan(1)
})

test('a gate looks at all of them, and at how long their certificates last', async () => {
  const DAY_MS = 86_400_000
  const issuer = createCertificate({ hosts: ['authority'], isAuthority: true })
  const notAfter = new Date(Date.now() + 9.5 * DAY_MS)
  const certificate = createCertificate({ hosts: ['127.0.0.1'], issuer, notAfter })
  const mode = 'implicit'
  await using server = await startSmtpServer({ tls: { mode, certificate } })
  const secure = { server: '127.0.0.1', port: server.port, tls: mode }
  const { cert, key } = createCertificate({ hosts: ['us'], notAfter })
  const tlsOptions = { ca: issuer.cert, cert, key }
  await using directory = await project({ secure: { ...secure, tlsOptions } })
  const verify = async (...args: readonly string[]) => {
    const { code, out } = await runInside(['connections', 'verify', ...args], {
      cwd: directory.path,
    })
    return { code, out }
  }
  const { code, out } = await verify('--all', '--table')
  expect(code).toBe(0)
  expect(out).toMatch(/^connection +result +time +tls +login +certificateEnds +problem\n/)
  expect(out).toContain(notAfter.toISOString().slice(0, 10))
  expect(out).toMatch(/✔ tls \S+: TLSv1\.3, .*certificate of CN=127\.0\.0\.1 by CN=authority until/)
  expect(out).toContain("The server's certificate ends in 9 days")
  expect(out).toContain('Our certificate (tlsOptions.cert) ends in 9 days')
  expect((await verify('--certificate-days', '9')).code).toBe(0)
  const strict = await verify('--certificate-days', '10')
  expect(strict.code).toBe(7)
  expect(jsonLines(strict.out)).toMatchObject([
    {
      ok: true,
      certificateDaysLeft: 9,
      clientCertificateDaysLeft: 9,
      security: { kind: 'tls', protocol: 'TLSv1.3' },
    },
  ])
})

test('a certificate that is not believed is shown, with its dates', async () => {
  const notAfter = new Date('2026-01-31T12:00:00Z')
  const notBefore = new Date('2025-01-31T12:00:00Z')
  const certificate = createCertificate({ hosts: ['mail.example.org'], notBefore, notAfter })
  await using server = await startSmtpServer({ tls: { mode: 'starttls', certificate } })
  const expired = { server: '127.0.0.1', port: server.port, tls: 'starttls' }
  await using directory = await project({ expired })
  const verify = ['connections', 'verify', 'expired']
  const { code, out } = await runInside([...verify, '--table'], { cwd: directory.path })
  expect(code).toBe(7)
  const { fingerprint256 } = new X509Certificate(certificate.cert)
  expect(out).toContain(
    [
      '    certificate of CN=mail.example.org (DNS:mail.example.org) by CN=mail.example.org',
      '    valid from 2025-01-31T12:00:00.000Z to 2026-01-31T12:00:00.000Z',
      `    SHA-256 fingerprint ${fingerprint256}\n`,
    ].join('\n'),
  )
  const json = await runInside(verify, { cwd: directory.path })
  expect(jsonLines(json.out)).toMatchObject([
    { ok: false, certificate: { fingerprint: fingerprint256, validTo: notAfter.toISOString() } },
  ])
  expect(jsonLines(json.out)[0]?.['certificateDaysLeft']).toBeLessThan(0)
})

test('an expired certificate that stops nothing is told, and counts unless it is pinned', async () => {
  const notAfter = new Date('2026-01-31T12:00:00Z')
  const certificate = createCertificate({ hosts: ['127.0.0.1'], notAfter })
  await using server = await startSmtpServer({ tls: { mode: 'starttls', certificate } })
  const relay = { server: '127.0.0.1', port: server.port }
  const { fingerprint256: fingerprint } = new X509Certificate(certificate.cert)
  await using directory = await project({
    perhaps: { ...relay, tls: 'opportunistic' },
    pinned: { ...relay, tls: 'starttls', tlsOptions: { fingerprint } },
  })
  const verify = (...args: readonly string[]) =>
    runInside(['connections', 'verify', ...args], { cwd: directory.path })
  const perhaps = await verify('perhaps', '--table')
  expect(perhaps.code).toBe(7)
  expect(perhaps.out).toContain(
    "The server's certificate ended on 2026-01-31: its operator has to renew it.",
  )
  const pinned = await verify('pinned', '--table')
  expect(pinned.code).toBe(0)
  expect(pinned.out).toContain(
    "The server's certificate ended on 2026-01-31: it is used because it is the pinned one.",
  )
  expect((await verify('pinned', '--certificate-days', '0')).code).toBe(7)
})

test('a sender and recipients are asked for, and what their refusal means is told', async () => {
  await using server = await startScriptedServer({
    RCPT: (line) =>
      line.includes('nobody') ? '550 5.1.1 <NOBODY@example.org> no such user' : '250 2.1.5 fine',
  })
  await using directory = await project({
    relay: { server: '127.0.0.1', port: server.port, tls: 'none' },
  })
  const ask = ['connections', 'verify', 'relay', '--from', 'App <app@example.com>']
  const good = await runInside([...ask, '--to', 'ann@example.org'], { cwd: directory.path })
  expect(good.code).toBe(0)
  const both = [...ask, '--to', 'nobody@example.org', '--to', 'ann@example.org', '--table']
  const { code, out } = await runInside(both, { cwd: directory.path })
  expect(code).toBe(7)
  expect(out).toMatch(
    /✔ mail \S+\n {2}✖ rcpt 1 \S+: the server answered 550 5\.1\.1 <…@example\.org> no such user\n {2}✔ rcpt 2 \S+\n {2}✔ quit/,
  )
  expect(out).toMatch(/Mail of it is refused for good; the connection manager goes on \(rule .*\)/)
  expect(out).toMatch(/The server knows no such recipient\. Check/)
  expect(server.commands.filter((line) => /^(?:DATA|BDAT)/.test(line))).toEqual([])
})

test('what waits for the time of a verification to be over is told as a time-out', async () => {
  await using server = await startScriptedServer({ GREETING: { after: 'silence' } })
  await using directory = await project({
    mute: { server: '127.0.0.1', port: server.port, tls: 'none' },
  })
  const args = ['connections', 'verify', 'mute', '--timeout', '5s']
  const { code, out } = await runInside(args, { cwd: directory.path })
  expect(code).toBe(7)
  expect(jsonLines(out)).toMatchObject([
    { problem: 'greeting.silent', advice: expect.stringContaining('implicit') },
  ])
})

test.for<[args: string, code: number, err: RegExp]>([
  ['connections show', 2, /expects the name of a connection manager \(USAGE\)/],
  ['connections show realy', 3, /did you mean "relay"\?.*\(UNKNOWN_CONNECTION\)/],
  ['connections verify realy', 3, /\(UNKNOWN_CONNECTION\)/],
  ['connections verify relay --all', 2, /expects either names or --all \(USAGE\)/],
  ['connections verify --certificate-days ten', 2, /a number of days .* \(USAGE\)/],
  ['connections verify --to ann@example.org', 2, /expects --from beside --to \(USAGE\)/],
  ['connections verify --from ann@', 2, /expects an address after --from: .* \(USAGE\)/],
  ['connections verify --timeout soon', 2, /\(INVALID_DURATION\)/],
  ['connections pause', 2, /expects the name of a connection manager \(USAGE\)/],
  ['connections pause realy', 3, /\(UNKNOWN_CONNECTION\)/],
  [`connections pause relay --reason ${'x'.repeat(201)}`, 2, /at most 200 characters/],
  ['connections resume', 2, /expects the name of a connection manager \(USAGE\)/],
  ['queue pause', 2, /expects the name of a connection \(USAGE\)/],
])('mailroom %s exits with %i and one error', async ([args, code, err]) => {
  await using directory = await project({ relay: { server: 'mail.example.com' } })
  const result = await runInside(args.split(' '), { cwd: directory.path })
  expect(result).toMatchObject({ code, out: '' })
  expect(result.err).toMatch(err)
})
