import { createHmac } from 'node:crypto'

import { expect, test } from 'vitest'

import { BASIC_MECHANISMS } from '../../src/connections/auth/basic.ts'
import { openLogin } from '../../src/connections/login.ts'
import { managerFor } from '../support/resolved-manager.ts'
import { startScriptedServer } from '../support/scripted-server.ts'

/** The texts of a table are long, and some cannot be shown. */
const TEXTS: Readonly<Record<string, string>> = {
  'line breaks': 'first\r\nQUIT\r\nlast\n',
  'a dot alone': '\r\n.\r\n',
  'more than ASCII': 'straße Größe 密码 🐎',
  spaces: '  a b  c ',
  'ten thousand characters': 'x'.repeat(10_000),
  'the marks of SCRAM': 'a=b,c==,,',
  'one star': '*',
}

const CHALLENGE = '<1896.697170952@postoffice.example.net>'

/** What each mechanism has to say, whatever the texts are, as the server reads it. */
const WORDS: Readonly<
  Record<string, (user: string, password: string) => readonly [asks: string, ...words: string[]]>
> = {
  PLAIN: (user, password) => ['', `\0${user}\0${password}`],
  LOGIN: (user, password) => ['', user, password],
  'CRAM-MD5': (user, password) => [
    base64(CHALLENGE),
    `${user} ${createHmac('md5', password).update(CHALLENGE).digest('hex')}`,
  ],
}

test.for(
  Object.keys(WORDS).flatMap((mechanism) => Object.keys(TEXTS).map((what) => [mechanism, what])),
)('by %s a user and a password of %s are said as they are', async ([mechanism = '', what = '']) => {
  const text = TEXTS[what] ?? ''
  const [asks, ...words] = WORDS[mechanism]?.(text, text) ?? ['']
  await using server = await startScriptedServer({
    EHLO: `250-x\n250 AUTH ${mechanism}`,
    AUTH: (line) => (line.split(' ').length > 2 ? '235 ok' : `334 ${asks}`),
    CHALLENGE: [...words.slice(1).map(() => '334 '), '235 ok'],
  })
  const auth = { method: 'basic', user: text, password: text, allowInsecureAuth: true } as const
  const login = await openLogin(await managerFor(server, { auth }))
  expect(login).toMatchObject({ kind: 'open' })
  if (login.kind === 'open') login.socket.destroy()
  const [command = '', ...lines] = server.commands.slice(1)
  const heard = [command.replace(`AUTH ${mechanism}`, '').trim(), ...lines].filter(Boolean)
  expect(heard.map((line) => Buffer.from(line, 'base64').toString())).toEqual(words)
  expect([command, ...lines].join('')).toMatch(/^AUTH [\w+/= -]+$/)
})

test.for(
  BASIC_MECHANISMS.flatMap((mechanism) =>
    (['user', 'password'] as const).map((which) => [mechanism, which] as const),
  ),
)('by %s a %s with a NUL is not said at all', async ([mechanism, which]) => {
  await using server = await startScriptedServer({ EHLO: `250-x\n250 AUTH ${mechanism}` })
  const texts = { user: 'app', password: 'correct horse', [which]: 'c\0o\0r\0r\0e\0c\0t\0' }
  const auth = { method: 'basic', ...texts, allowInsecureAuth: true } as const
  const login = await openLogin(await managerFor(server, { auth }))
  expect(login).toMatchObject({ fault: { kind: 'auth', detail: expect.stringMatching(/UTF-16/) } })
  expect(server.commands).toHaveLength(1)
})

test('what does not fit into a command waits for the server to ask (RFC 4954 §4)', async () => {
  const fits = 'x'.repeat(367)
  expect(await linesOf(fits, '235 ok')).toEqual({
    kind: 'open',
    said: [`AUTH PLAIN ${carried(fits)}`],
  })
  const long = `${fits}xxx`
  expect(await linesOf(long, '334 ')).toEqual({ kind: 'open', said: ['AUTH PLAIN', carried(long)] })
  expect(await linesOf(long, '535 5.7.8 no')).toEqual({ kind: 'fault', said: ['AUTH PLAIN'] })
})

async function linesOf(password: string, AUTH: string) {
  await using server = await startScriptedServer({ EHLO: '250-x\n250 AUTH PLAIN', AUTH })
  const auth = { method: 'basic', user: 'app', password, allowInsecureAuth: true } as const
  const login = await openLogin(await managerFor(server, { auth }))
  if (login.kind === 'open') login.socket.destroy()
  return { kind: login.kind, said: server.commands.slice(1) }
}

function carried(password: string): string {
  return base64(`\0app\0${password}`)
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
