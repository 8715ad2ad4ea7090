import { describe, expect, test } from 'vitest'

import { parseConfig } from '../../src/connections/config.ts'
import { parseConnectionUrl } from '../../src/connections/connection-url.ts'
import { createConnections } from '../../src/connections/connections.ts'
import { InvalidConnectionUrlError } from '../../src/connections/errors.ts'
import { problemsOf } from './problems-of.ts'

describe('a connection URL', () => {
  test.for<[url: string, properties: object]>([
    ['smtp://relay', { server: 'relay', tls: 'starttls', port: 587 }],
    ['smtp://relay/', { server: 'relay', tls: 'starttls', port: 587 }],
    ['SMTPS://Relay.example.com', { server: 'Relay.example.com', tls: 'implicit', port: 465 }],
    ['smtp://relay:2525', { server: 'relay', tls: 'starttls', port: 2525 }],
    ['smtp://relay?tls=none', { tls: 'none', port: 25, auth: { method: 'anonymous' } }],
    ['smtp://relay?tls=implicit', { tls: 'implicit', port: 465 }],
    ['smtps://relay?tls=implicit', { tls: 'implicit', port: 465 }],
    ['smtp://[::1]:25', { server: '::1', port: 25 }],
    ['smtp://[::1]', { server: '::1', port: 587 }],
    ['smtp://b%C3%BCcher.example', { server: 'xn--bcher-kva.example' }],
    [
      'smtp://relay?from=a%20b%20%3Ca@example.com%3E&redirectAll=all@example.com&description=x',
      {
        from: { name: 'a b', address: 'a@example.com' },
        redirectAll: { address: 'all@example.com' },
        description: 'x',
      },
    ],
    [
      'smtp://relay?sessions=3&messagesPerSession=7&recipientsPerTransaction=9&clientName=me.example',
      {
        limits: { sessions: 3, messagesPerSession: 7, recipientsPerTransaction: 9 },
        clientName: 'me.example',
      },
    ],
    [
      'smtp://relay?minVersion=TLSv1.3&serverName=mx.example&ca=${file:/etc/ca.pem}',
      {
        tlsOptions: { minVersion: 'TLSv1.3', serverName: 'mx.example', ca: '${file:/etc/ca.pem}' },
      },
    ],
  ])('%s is read', ([url, properties]) => {
    const { connections } = createConnections({ relay: url })
    expect(connections.get('relay')).toMatchObject(properties)
  })

  test.for<[url: string, user: string, password: string]>([
    ['smtp://bob:secret@relay', 'bob', 'secret'],
    ['smtp://bob%40example.com:p%40ss%2F%3F%23%25@relay', 'bob@example.com', 'p@ss/?#%'],
    ['smtp://bob:a:b@c@relay', 'bob', 'a:b@c'],
    ['smtp://bob:${env:PW}@relay', 'bob', '${env:PW}'],
    [
      'smtp://${env:USER}:${file:/run/secrets/a?b#c@d}@relay:25',
      '${env:USER}',
      '${file:/run/secrets/a?b#c@d}',
    ],
    ['smtp://bob:x-${env:PW}%2Fy@relay', 'bob', 'x-${env:PW}/y'],
    ['smtp://bob:%24%7Benv:PW%7D@relay', 'bob', '$${env:PW}'],
  ])('%s logs in', ([url, user, password]) => {
    const { auth } = createConnections({ relay: url }).connections.get('relay')
    expect(auth.method === 'basic' && auth.user.reveal()).toBe(user)
    expect(auth.method === 'basic' && auth.password.reveal()).toBe(password)
  })

  test.for<[url: string, part: string, position: number]>([
    ['http://relay', 'scheme', 1],
    ['smtp://', 'host', 8],
    ['smtp://:25', 'host', 8],
    ['smtp://a relay', 'host', 8],
    ['smtp://relay:0', 'port', 14],
    ['smtp://relay:65536', 'port', 14],
    ['smtp://relay:', 'port', 14],
    ['smtp://[::1', 'host', 8],
    ['smtp://bob@relay', 'password', 8],
    ['smtp://bob:@relay', 'password', 8],
    ['smtp://:secret@relay', 'user', 8],
    ['smtp://bob:%zz@relay', 'password', 12],
    ['smtp://bob:a%24${env:PW}@relay', 'password', 12],
    ['smtp://relay/inbox', 'path', 13],
    ['smtp://relay#top', 'fragment', 13],
    ['smtp://relay?tls=none&nope=1', 'query', 23],
    ['smtp://relay?tls', 'query', 14],
    ['smtp://relay?tls=none&tls=none', 'query', 23],
    ['smtp://relay?__proto__=1', 'query', 14],
    ['smtps://relay?tls=none', 'query', 14],
  ])('%s is refused and says where', ([url, part, position]) => {
    const error = errorOf(url)
    expect(error).toMatchObject({ code: 'INVALID_CONNECTION_URL', part, position })
    expect(error.message).toContain(`${part} at position ${position}: expected`)
  })

  test.for([
    'smtp://bob:S3cret/x@relay',
    'smtp://bob:1/S3cret@relay',
    'smtp://bob:1?S3cret@relay',
    'smtp://bob:1#S3cret@relay',
    'smtp://bob:S3cret%@relay',
    'smtp://S3cret:@relay',
    'smtp://bob:S3cret@',
    'smtp://bob:S3cret@relay:S3cret',
    'smtp://bob:S3cret@relay?S3cret=1',
    'smtp://bob:${evn:S3cret}@relay',
    'smtp://bob:S3cret@relay?tls=none',
    'smtp://bob:S3cret@relay?sessions=0',
  ])('nothing of a user or password is repeated: %s', (url) => {
    const problems = problemsOf(() => createConnections({ relay: url }))
    expect(problems).not.toEqual([])
    expect(JSON.stringify(problems)).not.toContain('S3cret')
  })

  test('keeps what a property beside it leaves undefined, such as a variable that is not set', () => {
    const connectionString = 'smtp://relay?redirectAll=safe@example.com&sessions=7'
    const relay = { connectionString, redirectAll: undefined, limits: { sessions: undefined } }
    expect(parseConfig({ connections: { relay } }).connections.list()).toMatchObject([
      { redirectAll: 'safe@example.com', limits: { sessions: 7 } },
    ])
  })

  test('a password over a plain connection has to be asked for', () => {
    const url = 'smtp://bob:secret@relay?tls=none'
    expect(problemsOf(() => createConnections({ relay: url }))).toMatchObject([
      { path: ['connections', 'relay', 'auth'], code: 'INSECURE_AUTH' },
    ])
    const allowed = createConnections({ relay: `${url}&allowInsecureAuth=true` })
    expect(allowed.warnings).toMatchObject([{ connection: 'relay', code: 'INSECURE_AUTH' }])
  })
})

function errorOf(url: string): InvalidConnectionUrlError {
  try {
    parseConnectionUrl(url)
  } catch (error) {
    if (error instanceof InvalidConnectionUrlError) return error
    throw error
  }
  throw new Error('expected a refusal')
}
