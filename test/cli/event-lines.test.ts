import { expect, test } from 'vitest'

import { printEvents } from '../../src/cli/event-lines.ts'
import { createTerminal } from '../../src/cli/terminal.ts'
import type { LogLevel } from '../../src/telemetry/log-levels.ts'
import type { WorkerEvent } from '../../src/worker/events.ts'

const message = { id: 'm-1', connection: 'relay' }
const manager = { connection: 'relay', manager: 'relay-2' }
const applied = {
  event: 'config-applied',
  connections: ['a'],
  added: [],
  changed: [],
  removed: [],
  delayed: [],
  atNextStart: [],
} as const

function printed(event: WorkerEvent, level: LogLevel = 'debug'): string {
  let out = ''
  const terminal = createTerminal({
    json: false,
    lists: 'tables',
    color: false,
    out: { write: (text) => (out += text) },
    err: { write: () => {} },
  })
  printEvents(terminal, level, () => new Date(2027, 0, 31, 8, 5, 9))(event)
  return out
}

test.for<[WorkerEvent, string]>([
  [{ event: 'worker-started', worker: 'w', connections: ['a', 'b'] }, 'takes mail for "a", "b"'],
  [{ event: 'worker-quieted', worker: 'w' }, 'takes nothing more'],
  [{ event: 'worker-stopped', worker: 'w', handedBack: 2 }, 'handed 2 back'],
  [
    {
      event: 'delivered',
      ...message,
      recipients: 2,
      bytes: 1,
      ms: 12,
      sinceAcceptedMs: 20,
      attempt: 1,
    },
    'm-1 "relay" to 2 recipients in 12ms',
  ],
  [
    {
      event: 'deferred',
      ...message,
      pending: 1,
      retryInMs: 90_000,
      attempt: 1,
      code: 451,
      status: '4.7.1',
      stage: 'rcpt',
    },
    'm-1 "relay": 451 4.7.1 at rcpt, again in 1m30s',
  ],
  [
    { event: 'deferred', ...message, pending: 1, retryInMs: 500, attempt: 1 },
    'm-1 "relay": no reply, again in 500ms',
  ],
  [
    { event: 'refused', ...message, refused: 1, attempt: 1, reason: '550 <bob@example.org>' },
    'm-1 "relay": 550 <<hidden>>',
  ],
  [
    { event: 'set-aside', ...message, claims: 5, breaks: 0, reason: 'five workers died' },
    'm-1 "relay": five workers died',
  ],
  [{ event: 'job-rejected', ...message, reason: 'no version' }, 'm-1 "relay": no version'],
  [
    { event: 'uncertain', ...message, recipients: 1, attempt: 1 },
    'm-1 "relay": sent, but the answer never came',
  ],
  [{ event: 'expired', ...message, pending: 1 }, 'm-1 "relay": 1 recipient not reached in time'],
  [{ event: 'cancelled', ...message }, 'm-1 "relay"'],
  [{ event: 'superseded', ...message }, 'm-1 "relay"'],
  [{ event: 'handed-back', ...message }, 'm-1 "relay"'],
  [{ event: 'session-opened', ...manager, ms: 30 }, '"relay-2" in 30ms'],
  [
    { event: 'session-closed', ...manager, messages: 1, why: 'idle' },
    '"relay-2" after 1 message (idle)',
  ],
  [
    { event: 'parked', ...manager, blames: 'account', reason: '535 5.7.8', retryInMs: 60_000 },
    '"relay-2": 535 5.7.8, tried again in 1m',
  ],
  [
    {
      event: 'parked',
      ...manager,
      blames: 'account',
      reason: '535',
      advice: 'The password is wrong. Mend it.',
      retryInMs: 60_000,
    },
    '"relay-2": 535, tried again in 1m. The password is wrong. Mend it.',
  ],
  [{ event: 'verified', ...manager, foundBy: 'w-1' }, '"relay-2" can be used'],
  [
    { event: 'parked', ...manager, blames: 'account', reason: '535', retryInMs: undefined },
    '"relay-2": 535',
  ],
  [{ event: 'resumed', ...manager, parkedMs: 3_600_000 }, '"relay-2" after 1h'],
  [
    { event: 'token-renewed', manager: 'relay-2', grant: 'refresh-token', livesMs: 3_600_000 },
    '"relay-2" for 1h',
  ],
  [
    { event: 'token-refused', manager: 'relay-2', grant: 'refresh-token', reason: 'answered 400' },
    '"relay-2": answered 400',
  ],
  [{ event: 'throttled', ...manager, retryInMs: 5000 }, '"relay-2" for 5s'],
  [
    { event: 'store-error', code: 'STORE_UNREACHABLE', reason: 'no answer' },
    'no answer (STORE_UNREACHABLE)',
  ],
  [{ ...applied, added: ['a', 'b'], removed: ['c'] }, 'added "a", "b"; removed "c"'],
  [
    { ...applied, changed: ['a'], atNextStart: ['queue'] },
    'changed "a"; at the next start "queue"',
  ],
  [{ ...applied, delayed: ['d'], retryInMs: 2000 }, 'delayed "d", tried again in 2s'],
  [applied, 'nothing has changed'],
  [
    {
      event: 'config-refused',
      problems: [
        { path: ['connections', 'a', 'port'], code: 'INVALID_VALUE', message: 'expected a port' },
        { path: [], code: 'CONFIG_UNREADABLE', message: 'cannot be read' },
      ],
    },
    'connections.a.port expected a port; cannot be read',
  ],
])('$0.event reads as a line', ([event, text]) => {
  expect(printed(event)).toBe(`08:05:09 ${event.event} ${text}\n`)
})

test('what is below the level is not printed', () => {
  expect(printed({ event: 'handed-back', ...message }, 'info')).toBe('')
  expect(printed({ event: 'cancelled', ...message }, 'info')).not.toBe('')
  expect(printed({ event: 'cancelled', ...message }, 'silent')).toBe('')
})
