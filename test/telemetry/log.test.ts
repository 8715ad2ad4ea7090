import { expect, test } from 'vitest'

import { createLogger, logEvents } from '../../src/telemetry/log.ts'
import type { LogLevel } from '../../src/telemetry/log-levels.ts'
import type { WorkerEvent } from '../../src/worker/events.ts'

interface Line extends Record<string, unknown> {
  readonly level: string
  readonly event: string
}

function logged(events: readonly WorkerEvent[], level: LogLevel = 'debug'): Line[] {
  const lines: string[] = []
  const logger = createLogger({ level, destination: { write: (line) => lines.push(line) } })
  const emit = logEvents(logger)
  for (const event of events) emit(event)
  return lines.map((line) => JSON.parse(line))
}

const message = { id: 'm-1', connection: 'Mail Server' }
const manager = { connection: 'Mail Server', manager: 'Mail Server' }

test.for<[WorkerEvent, string]>([
  [{ event: 'worker-started', worker: 'w', connections: ['a'] }, 'info'],
  [{ event: 'worker-quieted', worker: 'w' }, 'info'],
  [{ event: 'worker-stopped', worker: 'w', handedBack: 1 }, 'info'],
  [
    {
      event: 'delivered',
      ...message,
      recipients: 1,
      bytes: 9,
      ms: 3,
      sinceAcceptedMs: 4,
      attempt: 1,
    },
    'info',
  ],
  [{ event: 'deferred', ...message, pending: 1, retryInMs: 60_000, attempt: 1, code: 451 }, 'info'],
  [
    { event: 'refused', ...message, refused: 1, attempt: 1, code: 550, reason: 'refused 550' },
    'warn',
  ],
  [{ event: 'uncertain', ...message, recipients: 1, attempt: 1 }, 'warn'],
  [{ event: 'expired', ...message, pending: 1 }, 'warn'],
  [{ event: 'cancelled', ...message }, 'info'],
  [{ event: 'superseded', ...message }, 'info'],
  [
    { event: 'set-aside', ...message, claims: 5, breaks: 0, reason: 'five workers died on it' },
    'warn',
  ],
  [{ event: 'handed-back', ...message }, 'debug'],
  [{ event: 'session-opened', ...manager, ms: 12 }, 'debug'],
  [{ event: 'session-closed', ...manager, messages: 7, why: 'idle' }, 'debug'],
  [
    { event: 'parked', ...manager, blames: 'account', reason: '535 5.7.8', retryInMs: undefined },
    'warn',
  ],
  [{ event: 'verified', ...manager }, 'info'],
  [{ event: 'resumed', ...manager, parkedMs: 1000 }, 'info'],
  [{ event: 'throttled', ...manager, code: 421, retryInMs: 5000 }, 'info'],
  [
    { event: 'token-renewed', manager: 'relay-2', grant: 'refresh-token', livesMs: 3_600_000 },
    'info',
  ],
  [
    { event: 'token-refused', manager: 'relay-2', grant: 'refresh-token', reason: 'answered 400' },
    'warn',
  ],
  [{ event: 'job-rejected', ...message, reason: 'no recipient' }, 'warn'],
  [{ event: 'store-error', code: 'STORE_UNREACHABLE', reason: 'connection refused' }, 'error'],
  [
    {
      event: 'config-applied',
      connections: ['a', 'b'],
      added: ['b'],
      changed: ['a'],
      removed: [],
      delayed: ['c'],
      retryInMs: 1000,
      atNextStart: ['queue'],
    },
    'info',
  ],
  [
    {
      event: 'config-refused',
      problems: [{ path: ['connections', 'a'], code: 'SECRET_UNAVAILABLE', message: 'is empty' }],
    },
    'warn',
  ],
])('$0.event is one line at level $1 with the fields of the event', ([event, level]) => {
  const [line, ...more] = logged([event])
  expect(more).toEqual([])
  expect(line).toMatchObject({ ...JSON.parse(JSON.stringify(event)), level })
  expect(new Date(String(line?.['time'])).toISOString()).toBe(line?.['time'])
})

test('an address that a reason quotes is hidden', () => {
  const [line] = logged([
    {
      event: 'refused',
      ...message,
      refused: 1,
      attempt: 1,
      reason: '550 <bob@example.com>: unknown; also "Zoë@münchen.example"',
    },
  ])
  expect(line?.['reason']).toBe('550 <<hidden>>: unknown; also "<hidden>"')
})

test('an address that a problem of the configuration quotes is hidden', () => {
  const problem = { path: ['connections', 'a', 'from'], code: 'INVALID_VALUE' }
  const [line] = logged([
    { event: 'config-refused', problems: [{ ...problem, message: 'got "bob@example.com"' }] },
  ])
  expect(line?.['problems']).toEqual([{ ...problem, message: 'got "<hidden>"' }])
})

test('a level hides what is below it', () => {
  const events: readonly WorkerEvent[] = [
    { event: 'handed-back', ...message },
    { event: 'cancelled', ...message },
    { event: 'expired', ...message, pending: 1 },
    { event: 'store-error', code: 'STORE_UNREACHABLE', reason: 'down' },
  ]
  expect(logged(events, 'warn').map((line) => line.event)).toEqual(['expired', 'store-error'])
  expect(logged(events, 'silent')).toEqual([])
})
