import { describe, expect, test } from 'vitest'

import { readConnectionVariables, variableOf } from '../../src/connections/connection-variable.ts'
import { parseConfig } from '../../src/connections/config.ts'
import { problemsOf } from './problems-of.ts'

const URL = 'smtp://other.example.com'

function namesIn(variable: string, names: readonly string[]): readonly string[] {
  const { definitions, issues } = readConnectionVariables({ [variable]: URL }, names)
  expect(issues).toEqual([])
  return definitions.map(({ name }) => name)
}

describe('the variable of a connection manager', () => {
  test.for([
    ['RELAY', ['relay'], 'relay'],
    ['RELAY', ['Relay'], 'Relay'],
    ['MAIL_SERVER', ['relay', 'Mail Server'], 'Mail Server'],
    ['MAIL_SERVER', ['mail-server'], 'mail-server'],
    ['GROSSER_VERSAND', ['Kleiner Versand!', 'Großer Versand'], 'Großer Versand'],
    ['RELAY', [], 'relay'],
    ['BULK_MAIL_2', ['relay'], 'bulk_mail_2'],
    ['__4D_AIL__20___53_ERVER', [], 'Mail Server'],
    ['__4D_AIL__20___53_ERVER', ['mail server'], 'Mail Server'],
    ['A__5F_B', ['a b'], 'a_b'],
    ['__90AE___4EF6_', [], '邮件'],
    ['__1F4E7_', [], '📧'],
  ] as const)('%s among %j means "%s"', ([spelling, names, name]) => {
    expect(namesIn(`MAILROOM_CONNECTION_${spelling}`, names)).toEqual([name])
  })

  test.for([
    'relay',
    'Relay',
    'Mail Server',
    'a_b',
    'a__b',
    '_',
    '__20_',
    '9',
    'ÄÖÜ ß',
    '邮件 📧',
    'a:b/c\\d"e',
    '__proto__',
    ' x ',
    'ı',
  ])('of "%s" is reversible, whatever else there is', (name) => {
    const variable = variableOf(name)
    expect(variable).toMatch(/^MAILROOM_CONNECTION_[A-Z0-9_]+$/)
    const alike = [name, name.toUpperCase(), name.toLowerCase(), name.replaceAll('_', ' ')]
    expect(namesIn(variable, alike)).toEqual([name])
    expect(namesIn(variable, [])).toEqual([name])
  })

  test.for(['relay', 'Relay', '', '_', '__', 'A__B', 'A___20_', '__110000_', 'A-B', 'A B'])(
    'is not MAILROOM_CONNECTION_%s',
    (spelling) => {
      const { definitions, issues } = readConnectionVariables(
        { [`MAILROOM_CONNECTION_${spelling}`]: 'smtp://bob:hunter2@x' },
        [],
      )
      expect(definitions).toEqual([])
      expect(issues).toMatchObject([{ path: [`MAILROOM_CONNECTION_${spelling}`] }])
      expect(JSON.stringify(issues)).not.toContain('hunter2')
    },
  )

  test('that could mean two names is refused, and the spelling of each is told', () => {
    const connections = { 'Mail Server': URL, 'mail-server': URL }
    const env = { MAILROOM_CONNECTION_MAIL_SERVER: URL }
    expect(problemsOf(() => parseConfig({ connections }, { env }))).toEqual([
      {
        path: ['MAILROOM_CONNECTION_MAIL_SERVER'],
        code: 'AMBIGUOUS_VARIABLE',
        message:
          'it could mean more than one connection manager: use ' +
          'MAILROOM_CONNECTION___4D_AIL__20___53_ERVER for "Mail Server", ' +
          'MAILROOM_CONNECTION_MAIL__2D_SERVER for "mail-server"',
      },
    ])
  })

  test('is refused when another one means the same name', () => {
    const env = { MAILROOM_CONNECTION_RELAY: URL, MAILROOM_CONNECTION___72_ELAY: URL }
    expect(problemsOf(() => parseConfig({}, { env }))).toMatchObject([
      {
        path: ['MAILROOM_CONNECTION___72_ELAY'],
        message: 'MAILROOM_CONNECTION_RELAY defines "relay" too: keep one of them',
      },
    ])
  })
})

describe('a connection manager in a variable', () => {
  const connections = {
    relay: { server: 'relay.example.com', from: 'a@example.com' },
    'Mail Server': 'SmtpServer=mail;',
  }

  test('takes the place of the one in the file, or is added behind them', () => {
    const parsed = parseConfig(
      { connections },
      {
        file: '/etc/mailroom.config.json',
        env: {
          MAILROOM_CONNECTION_MAIL_SERVER: 'smtps://bob:hunter2@cloud.example.com',
          MAILROOM_CONNECTION_BULK: 'SmtpServer=bulk.example.com;EnableSsl=False;',
          MAILROOM_CONNECTION_EMPTY: '',
          OTHER: URL,
        },
      },
    )
    expect(parsed.connections.list()).toMatchObject([
      { name: 'relay', origin: { kind: 'file', file: '/etc/mailroom.config.json' } },
      {
        name: 'Mail Server',
        server: 'cloud.example.com',
        auth: { password: '[secret]' },
        origin: { kind: 'variable', variable: 'MAILROOM_CONNECTION_MAIL_SERVER' },
      },
      { name: 'bulk', server: 'bulk.example.com', origin: { kind: 'variable' } },
    ])
    expect(JSON.stringify(parsed.connections.list())).not.toContain('hunter2')
  })

  test('repairs a wrong one in the file, and is a name for workers', () => {
    const { worker } = parseConfig(
      { connections: { relay: { port: 0 } }, worker: { connections: ['relay', 'bulk'] } },
      { env: { MAILROOM_CONNECTION_RELAY: URL, MAILROOM_CONNECTION_BULK: URL } },
    )
    expect(worker.connections).toEqual(['relay', 'bulk'])
  })

  test.for([
    ['smtp://bob:hunter2@relay:x', 'INVALID_CONNECTION_URL'],
    ['smtp://bob:hunter2@relay?tls=none', 'INSECURE_AUTH'],
    ['hunter2', 'INVALID_CONNECTION_STRING'],
    ['hunter2=hunter2', 'INVALID_CONNECTION_STRING'],
    ['smtp:/bob:hunter2=@relay', 'INVALID_CONNECTION_STRING'],
    ['smtp://bob:${hunter2}@relay', 'INVALID_REFERENCE'],
  ])('that is wrong (%s) is told by the name of the variable and not quoted', ([value, code]) => {
    const env = { MAILROOM_CONNECTION_RELAY: value }
    const problems = problemsOf(() => parseConfig({ connections }, { env }))
    expect(problems).toMatchObject([{ code }])
    expect(problems[0]?.path[0]).toBe('MAILROOM_CONNECTION_RELAY')
    expect(JSON.stringify(problems)).not.toContain('hunter2')
  })
})
