import type SMTPConnection from 'nodemailer/lib/smtp-connection'
import { expect, test } from 'vitest'

import { connectionManagerSchema } from '../../src/connections/connection-manager.ts'
import { faultOfLogin } from '../../src/connections/login-fault.ts'
import { createSecret } from '../../src/connections/secret.ts'
import { STAGES, type Stage } from '../../src/smtp/stage.ts'
import { judge } from '../../src/smtp/verdict.ts'
import { managerFor } from '../support/resolved-manager.ts'

const { manager } = await managerFor({ port: 25 })

type Properties = Partial<
  Pick<SMTPConnection.SMTPError, 'code' | 'command' | 'response' | 'originalCode'>
>

/** What nodemailer says, the stage that the login had come to, and the fault, its stage and our manager. */
type Row = readonly [
  error: Properties,
  stage: Stage,
  kind: string,
  at: Stage,
  manager: 'fault' | 'auth' | 'throttle',
  alert?: true,
]

test.for<Row>([
  [{ code: 'EDNS', command: 'CONN' }, 'connect', 'dns', 'connect', 'fault'],
  [{ code: 'EDNS', originalCode: 'ENOTFOUND' }, 'connect', 'dns', 'connect', 'fault'],
  [{ code: 'ECONNECTION', command: 'CONN' }, 'connect', 'refused', 'connect', 'fault'],
  [{ code: 'ECONNECTION', command: 'CONN' }, 'greeting', 'closed', 'greeting', 'fault'],
  [{ code: 'ECONNECTION', command: 'EHLO' }, 'ehlo', 'closed', 'ehlo', 'fault'],
  [{ code: 'ECONNECTION', command: 'AUTH PLAIN' }, 'auth', 'closed', 'auth', 'fault'],
  [{ code: 'ETIMEDOUT', command: 'CONN' }, 'connect', 'timeout', 'connect', 'fault'],
  [{ code: 'ETIMEDOUT', command: 'CONN' }, 'greeting', 'timeout', 'greeting', 'fault'],
  [{ code: 'ESOCKET', originalCode: 'ECONNREFUSED' }, 'connect', 'refused', 'connect', 'fault'],
  [{ code: 'ESOCKET', originalCode: 'EHOSTUNREACH' }, 'connect', 'refused', 'connect', 'fault'],
  [{ code: 'ESOCKET', originalCode: 'ECONNRESET' }, 'ehlo', 'closed', 'ehlo', 'fault'],
  [{ code: 'ESOCKET', originalCode: 'CERT_HAS_EXPIRED' }, 'tls', 'tls', 'tls', 'fault', true],
  [
    { code: 'ESOCKET', originalCode: 'ERR_SSL_WRONG_VERSION_NUMBER' },
    'tls',
    'tls',
    'tls',
    'fault',
    true,
  ],
  [{ code: 'ETLS', command: 'STARTTLS' }, 'starttls', 'tls', 'starttls', 'fault', true],
  [{ code: 'EREQUIRETLS' }, 'ehlo', 'tls', 'ehlo', 'fault', true],
  [{ code: 'EPROXY' }, 'connect', 'refused', 'connect', 'fault'],
  [{ code: 'EPROTOCOL', response: 'SSH-2.0-OpenSSH' }, 'greeting', 'protocol', 'greeting', 'fault'],
  [{ code: 'EPROTOCOL', response: '250 hello' }, 'greeting', 'protocol', 'greeting', 'fault'],
  [{ code: 'EPROTOCOL' }, 'ehlo', 'protocol', 'ehlo', 'fault'],
  [{ code: 'EPROTOCOL', response: '554 no service' }, 'greeting', 'reply', 'greeting', 'fault'],
  [{ code: 'ECONNECTION', response: '421 4.3.2 busy' }, 'ehlo', 'reply', 'ehlo', 'fault'],
  [{ code: 'EAUTH', response: '535 5.7.8 wrong' }, 'auth', 'reply', 'auth', 'auth', true],
  [{ code: 'EAUTH', response: '454 4.7.0 try later' }, 'auth', 'reply', 'auth', 'fault'],
  [
    { code: 'EAUTH', response: '454 4.7.0 Too many login attempts' },
    'auth',
    'reply',
    'auth',
    'throttle',
  ],
  [{ code: 'EAUTH', command: 'API' }, 'ehlo', 'auth', 'auth', 'auth', true],
  [{ code: 'ENOAUTH' }, 'auth', 'auth', 'auth', 'auth', true],
  [{ code: 'EOAUTH2' }, 'auth', 'auth', 'auth', 'auth', true],
  [{ code: 'EOAUTH2', originalCode: 'ECONNREFUSED' }, 'auth', 'refused', 'auth', 'fault'],
  [{ code: 'EOAUTH2', originalCode: 'ENOTFOUND' }, 'auth', 'dns', 'auth', 'fault'],
  [{ code: 'ECONFIG' }, 'ehlo', 'auth', 'auth', 'auth', true],
])(
  '%j at %s is a %s fault at %s: the manager is at %s',
  ([error, stage, kind, at, answer, alert]) => {
    const fault = faultOfLogin(Object.assign(new Error('as nodemailer has it'), error), {
      stage,
      manager,
      offersStartTls: true,
    })
    expect([fault.kind, fault.stage]).toEqual([kind, at])
    const verdict = judge(fault)
    expect([verdict.message, verdict.manager, verdict.alert]).toEqual(['return', answer, alert])
  },
)

test.for<[error: Properties, detail: RegExp]>([
  [
    { code: 'ESOCKET', originalCode: 'ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE' },
    /^our certificate \(tlsOptions\.cert\) expired on 2026-01-01T00:00:00\.000Z; /,
  ],
  [
    { code: 'ECONNECTION', originalCode: 'ECONNRESET' },
    /ECONNRESET; perhaps it refuses our certificate \(tlsOptions\.cert\), which expired on 2026-01-01\S+$/,
  ],
])(
  'a certificate of ours that has expired is blamed for an alert only: %j',
  async ([error, detail]) => {
    const tlsOptions = { cert: '${env:CERT}', key: '${env:KEY}' }
    const input = { name: 'relay', server: '127.0.0.1', tls: 'implicit', tlsOptions }
    const clientCertificate = {
      cert: 'CERT',
      key: createSecret('KEY'),
      passphrase: undefined,
      validFrom: new Date('2025-01-01'),
      validTo: new Date('2026-01-01'),
    }
    const fault = faultOfLogin(
      Object.assign(new Error('as nodemailer has it'), error),
      {
        stage: 'greeting',
        manager: connectionManagerSchema.parse(input),
        offersStartTls: false,
        clientCertificate,
      },
      new Date('2026-02-01'),
    )
    expect(fault).toMatchObject({
      detail: expect.stringMatching(detail),
      cause: 'CLIENT_CERTIFICATE_EXPIRED',
    })
  },
)

test('a login costs no message anything, wherever and however it fails', () => {
  const codes = [
    'EDNS',
    'ECONNECTION',
    'ETIMEDOUT',
    'ESOCKET',
    'ETLS',
    'EAUTH',
    'EPROTOCOL',
    'EMAXLIMIT',
  ]
  for (const stage of STAGES.slice(0, STAGES.indexOf('mail'))) {
    for (const code of codes) {
      const error = Object.assign(new Error('as nodemailer has it'), { code })
      const fault = faultOfLogin(error, { stage, manager, offersStartTls: true })
      expect(judge(fault).message).toBe('return')
    }
  }
})
