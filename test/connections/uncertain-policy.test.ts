import { expect, test } from 'vitest'

import type { ConnectionProperties } from '../../src/connections/connection-definition.ts'
import { createConnections } from '../../src/connections/connections.ts'
import { createJob } from '../../src/job/create-job.ts'
import { InvalidJobError } from '../../src/job/errors.ts'
import { parseJob } from '../../src/job/parse-job.ts'
import type { SendMail } from '../../src/job/send-mail.ts'
import { problemsOf } from './problems-of.ts'

const NOW = new Date('2027-01-31T08:00:00Z')

const GOOD: readonly [given: string, means: object, inWords: string][] = [
  ['"hold"', { policy: 'hold' }, 'hold'],
  ['"accept"', { policy: 'accept' }, 'accept'],
  ['"resend"', { policy: 'resend', atMost: 1 }, 'resend'],
  ['{"policy":"resend","atMost":3}', { policy: 'resend', atMost: 3 }, 'resend at most 3 times'],
  [
    '{"policy":"hold","holdFor":"2h","then":"accept"}',
    { policy: 'hold', holdFor: 7_200_000, way: 'accept', atMost: 1 },
    'hold for 2h, then accept',
  ],
  [
    '{"policy":"hold","holdFor":5000,"then":"resend","atMost":2}',
    { policy: 'hold', holdFor: 5000, way: 'resend', atMost: 2 },
    'hold for 5s, then resend at most 2 times',
  ],
]

const BAD: readonly [given: string, path: string, says: string, code: string][] = [
  ['"retry"', 'uncertain', 'expected "hold", "resend", "accept"', 'INVALID_VALUE'],
  ['7', 'uncertain', 'expected "hold", "resend", "accept"', 'INVALID_VALUE'],
  ['{}', 'uncertain', '`policy`: expected one of "hold"', 'INVALID_VALUE'],
  ['{"policy":"hold","holdFore":1}', 'uncertain.holdFore', 'no such', 'UNKNOWN_PROPERTY'],
  ['{"policy":"hold","holdFor":"x","then":"accept"}', 'uncertain', 'duration', 'INVALID_VALUE'],
  [
    '{"policy":"hold","holdFor":"31d","then":"accept"}',
    'uncertain.holdFor',
    '30d',
    'INVALID_VALUE',
  ],
  ['{"policy":"hold","holdFor":"2h"}', 'uncertain.then', '"resend"', 'CONTRADICTING_POLICY'],
  ['{"policy":"hold","then":"accept"}', 'uncertain.holdFor', '"2h"', 'CONTRADICTING_POLICY'],
  ['{"policy":"resend","holdFor":"2h"}', 'uncertain.holdFor', '"hold"', 'CONTRADICTING_POLICY'],
  ['{"policy":"accept","then":"resend"}', 'uncertain.then', '"hold"', 'CONTRADICTING_POLICY'],
  ['{"policy":"accept","atMost":2}', 'uncertain.atMost', '"resend"', 'CONTRADICTING_POLICY'],
  ['{"policy":"resend","atMost":0}', 'uncertain.atMost', '>=1', 'INVALID_VALUE'],
]

test.for(GOOD)('a connection manager and a message may say %s', ([given, means, inWords]) => {
  const { connections } = createConnections({ relay: definition(JSON.parse(given)) })
  expect(connections.get('relay').uncertain).toEqual(means)
  expect(connections.list()).toMatchObject([{ uncertain: inWords }])
  const { job } = createJob(mail(JSON.parse(given)), { now: NOW })
  expect(parseJob(JSON.parse(JSON.stringify(job)))).toMatchObject({ job: { uncertain: means } })
})

test.for(BAD)('%s is refused at %s: %s', ([given, path, says, code]) => {
  const problems = problemsOf(() => createConnections({ relay: definition(JSON.parse(given)) }))
  expect(problems).toMatchObject([{ code, message: expect.stringContaining(says) }])
  expect(problems[0]?.path.slice(2).join('.')).toBe(path)
  expect(issuesOfJob(JSON.parse(given))).toMatchObject([{ path: `options.${path}` }])
})

test('what a message says is part of what was asked for under its key', () => {
  expect(digestOf('resend')).toBe(digestOf({ policy: 'resend' }))
  expect(new Set([undefined, 'hold', 'resend', 'accept'].map(digestOf)).size).toBe(4)
})

function definition(uncertain: unknown): ConnectionProperties {
  return { server: 'relay', uncertain } as ConnectionProperties
}

function mail(uncertain: unknown): SendMail {
  const message = { from: 'app@example.com', to: 'ann@example.org', text: 'Hi' }
  return { connection: 'relay', message, options: { uncertain } } as SendMail
}

function digestOf(given: unknown): string {
  return createJob(mail(given), { now: NOW }).job.digest
}

function issuesOfJob(given: unknown): InvalidJobError['issues'] {
  try {
    createJob(mail(given), { now: NOW })
  } catch (error) {
    if (error instanceof InvalidJobError) return error.issues
    throw error
  }
  return []
}
