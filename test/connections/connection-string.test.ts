import { describe, expect, test } from 'vitest'

import { parseConnectionString } from '../../src/connections/connection-string.ts'
import { createConnections } from '../../src/connections/connections.ts'
import { InvalidConnectionStringError } from '../../src/connections/errors.ts'
import { problemsOf } from './problems-of.ts'

const PLAIN = { tls: 'none', port: 25, auth: { method: 'anonymous' } }
const STARTTLS = { ...PLAIN, tls: 'starttls' }

describe('a connection string of SSIS', () => {
  test.for<[text: string, properties: object]>([
    [
      'SmtpServer=smtphost;UseWindowsAuthentication=False;EnableSsl=False;',
      { server: 'smtphost', ...PLAIN },
    ],
    [
      'SmtpServer=smtphost;UseWindowsAuthentication=False;EnableSsl=True;',
      { server: 'smtphost', ...STARTTLS },
    ],
    [
      'SmtpServer=10.1.2.3;UseWindowsAuthentication=False;EnableSsl=False;Timeout=2000;',
      { server: '10.1.2.3', ...PLAIN, timeouts: { connect: 2000, tls: 2000, greeting: 2000 } },
    ],
    ['SmtpServer=smtp.example.com;UseWindowsAuthentication=False;', PLAIN],
    ['SmtpServer=smtp.example.com', { server: 'smtp.example.com', ...PLAIN }],
    ['EnableSsl=True;SmtpServer=relay', { server: 'relay', ...STARTTLS }],
    [
      'smtpserver=relay;ENABLESSL=true;usewindowsauthentication=FALSE',
      { server: 'relay', ...STARTTLS },
    ],
    [
      '  SmtpServer = relay ; EnableSsl =  True ;; Timeout= 0 ; ',
      { server: 'relay', ...STARTTLS, timeouts: { connect: 30_000, greeting: 300_000 } },
    ],
    [`SmtpServer="relay";EnableSsl='True';`, { server: 'relay', ...STARTTLS }],
    ['SmtpServer=[2001:db8::1];EnableSsl=False;', { server: '2001:db8::1' }],
    ['SmtpServer=bücher.example;', { server: 'xn--bcher-kva.example' }],
  ])('%s is read', ([text, properties]) => {
    const { connections, warnings } = createConnections({ relay: text })
    expect(connections.get('relay')).toMatchObject(properties)
    expect(warnings).toEqual([])
  })

  test('a Timeout never shortens the wait for the answer to the final dot', () => {
    const { connections } = createConnections({ relay: 'SmtpServer=relay;Timeout=2000' })
    expect(connections.get('relay').timeouts).toMatchObject({
      ehlo: 300_000,
      body: 180_000,
      dot: 600_000,
      total: 1_800_000,
    })
  })

  test('is read as written, also when SSIS has not filled it in yet', () => {
    expect(
      parseConnectionString('SmtpServer=;UseWindowsAuthentication=True;EnableSsl=False;Timeout=5;'),
    ).toEqual({
      smtpServer: '',
      useWindowsAuthentication: true,
      enableSsl: false,
      timeoutMs: 5,
    })
  })

  test.for<[text: string, key: string | undefined, position: number, says: string]>([
    ['SmtpServer=relay;EnableSsl=maybe;', 'EnableSsl', 28, 'expects True or False, got "maybe"'],
    ['SmtpServer=relay; enablessl = 1', 'enablessl', 31, 'expects True or False, got "1"'],
    ['EnableSsl=;SmtpServer=relay', 'EnableSsl', 11, 'got nothing'],
    ['SmtpServer=relay;Timeout=2s', 'Timeout', 26, 'from 0 to 2147483647, got "2s"'],
    ['SmtpServer=relay;Timeout=-1', 'Timeout', 26, 'got "-1"'],
    ['SmtpServer=relay;Timeout=2147483648', 'Timeout', 26, 'got "2147483648"'],
    ['SmtpServer=relay:587;', 'SmtpServer', 12, 'without port, got "relay:587": give the port'],
    ['SmtpServer=a relay;', 'SmtpServer', 12, 'a host name or IP address, got "a relay"'],
    ['SmtpServer=relay;Port=587;', 'Port', 18, '"Port" is no key of an SMTP connection string'],
    ['SmtpServer=relay;SMTPSERVER=other', 'SMTPSERVER', 18, 'given twice'],
    ['SmtpServer=relay;relay2;', undefined, 18, 'expected Key=Value'],
    ['SmtpServer=relay;=x', undefined, 18, 'expected Key=Value'],
  ])('%s is refused and says where', ([text, key, position, says]) => {
    const error = errorOf(() => parseConnectionString(text))
    expect(error).toMatchObject({ code: 'INVALID_CONNECTION_STRING', key, position })
    expect(error.message).toContain(`position ${position}: `)
    expect(error.message).toContain(says)
  })

  test.for([
    'SmtpServer=;UseWindowsAuthentication=False;EnableSsl=False;',
    'UseWindowsAuthentication=False;',
    ';',
    '',
  ])('"%s" has no server', (text) => {
    const [problem] = problemsOf(() => createConnections({ relay: text }))
    expect(problem).toMatchObject({
      path: ['connections', 'relay'],
      code: 'INVALID_CONNECTION_STRING',
    })
    expect(problem?.message).toContain('the SMTP server is not specified')
  })

  test('Windows authentication logs in as the account of the process, also over a plain session', () => {
    const { connections, warnings } = createConnections({
      relay: 'SmtpServer=relay;UseWindowsAuthentication=True;',
    })
    expect(connections.get('relay').auth).toEqual({
      method: 'windows',
      mechanism: 'negotiate',
      spnego: false,
    })
    expect(warnings).toMatchObject([{ connection: 'relay', code: 'INSECURE_AUTH' }])
  })

  test('properties beside it win, also where it could not stand alone', () => {
    const { connections } = createConnections({
      relay: {
        connectionString: 'SmtpServer=;UseWindowsAuthentication=True;EnableSsl=True;Timeout=100;',
        server: 'relay.example.com',
        port: 2525,
        auth: { method: 'anonymous' },
        timeouts: { greeting: '9s' },
      },
    })
    expect(connections.get('relay')).toMatchObject({
      server: 'relay.example.com',
      port: 2525,
      tls: 'starttls',
      auth: { method: 'anonymous' },
      timeouts: { connect: 100, greeting: 9000 },
    })
  })

  test.for([
    'SmtpServer=relay;Password=hunter2-S3cret;',
    'SmtpServer=bob:hunter2-S3cret@relay;',
    'SmtpServer=relay;EnableSsl=hunter2-S3cret&more;',
    'SmtpServer=relay;Timeout=hunter2-S3cret!;',
    'SmtpServer=relay;hunter2-S3cret',
  ])('a password that went astray is not repeated: %s', (text) => {
    const { message, stack } = errorOf(() => parseConnectionString(text))
    expect(message + String(stack)).not.toContain('S3cret')
  })
})

function errorOf(run: () => unknown): InvalidConnectionStringError {
  try {
    run()
  } catch (error) {
    if (error instanceof InvalidConnectionStringError) return error
    throw error
  }
  throw new Error('expected a refusal')
}
