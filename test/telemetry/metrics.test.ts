import { expect, test } from 'vitest'

import type { MetricsOptions } from '../../src/telemetry/metrics.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { observeEvents } from '../../src/telemetry/observe-events.ts'
import type { WorkerEvent } from '../../src/worker/events.ts'

const message = { id: 'm-1', connection: 'relay' }
const manager = { connection: 'relay', manager: 'relay-2' }
const delivered: WorkerEvent = {
  event: 'delivered',
  ...message,
  recipients: 2,
  bytes: 2400,
  ms: 20,
  sinceAcceptedMs: 3000,
  attempt: 1,
}

async function scrape(
  events: readonly WorkerEvent[],
  options: MetricsOptions = { ofProcess: false },
): Promise<string[]> {
  const metrics = createMetrics(options)
  const emit = observeEvents(metrics)
  for (const event of events) emit(event)
  return (await metrics.registry.metrics()).split('\n')
}

test.for<[WorkerEvent, string]>([
  [delivered, 'mailroom_messages_total{connection="relay",outcome="delivered"} 1'],
  [delivered, 'mailroom_delivered_bytes_total{connection="relay"} 2400'],
  [delivered, 'mailroom_delivery_seconds_sum{connection="relay"} 0.02'],
  [delivered, 'mailroom_delivery_seconds_bucket{le="0.01",connection="relay"} 0'],
  [delivered, 'mailroom_delivery_seconds_bucket{le="0.025",connection="relay"} 1'],
  [delivered, 'mailroom_enqueue_to_delivery_seconds_sum{connection="relay"} 3'],
  [
    { event: 'deferred', ...message, pending: 1, retryInMs: 1, attempt: 1, code: 451 },
    'mailroom_deferrals_total{connection="relay",class="4xx"} 1',
  ],
  [
    { event: 'deferred', ...message, pending: 1, retryInMs: 1, attempt: 1, code: 535 },
    'mailroom_deferrals_total{connection="relay",class="5xx"} 1',
  ],
  [
    { event: 'deferred', ...message, pending: 1, retryInMs: 1, attempt: 1 },
    'mailroom_deferrals_total{connection="relay",class="no-reply"} 1',
  ],
  [
    { event: 'refused', ...message, refused: 1, attempt: 1, reason: 'r' },
    'mailroom_messages_total{connection="relay",outcome="refused"} 1',
  ],
  [
    { event: 'uncertain', ...message, recipients: 1, attempt: 1 },
    'mailroom_messages_total{connection="relay",outcome="uncertain"} 1',
  ],
  [
    { event: 'expired', ...message, pending: 1 },
    'mailroom_messages_total{connection="relay",outcome="expired"} 1',
  ],
  [
    { event: 'superseded', ...message },
    'mailroom_messages_total{connection="relay",outcome="superseded"} 1',
  ],
  [
    { event: 'cancelled', ...message },
    'mailroom_messages_total{connection="relay",outcome="cancelled"} 1',
  ],
  [
    { event: 'set-aside', ...message, claims: 5, breaks: 0, reason: 'r' },
    'mailroom_messages_total{connection="relay",outcome="set-aside"} 1',
  ],
  [
    { event: 'job-rejected', ...message, reason: 'r' },
    'mailroom_messages_total{connection="relay",outcome="rejected"} 1',
  ],
  [{ event: 'handed-back', ...message }, 'mailroom_handed_back_total{connection="relay"} 1'],
  [
    { event: 'store-error', code: 'STORE_UNREACHABLE', reason: 'r' },
    'mailroom_store_errors_total{code="STORE_UNREACHABLE"} 1',
  ],
  [
    { event: 'session-closed', ...manager, messages: 3, why: 'worn' },
    'mailroom_sessions_closed_total{connection="relay",manager="relay-2",why="worn"} 1',
  ],
  [
    { event: 'token-renewed', manager: 'relay-2', grant: 'refresh-token', livesMs: 3_600_000 },
    'mailroom_tokens_total{manager="relay-2",grant="refresh-token",result="renewed"} 1',
  ],
  [
    { event: 'token-refused', manager: 'relay-2', grant: 'refresh-token', reason: 'answered 400' },
    'mailroom_tokens_total{manager="relay-2",grant="refresh-token",result="refused"} 1',
  ],
  [
    { event: 'throttled', ...manager, retryInMs: 1 },
    'mailroom_throttles_total{connection="relay",manager="relay-2"} 1',
  ],
  [
    {
      event: 'deferred',
      ...message,
      pending: 1,
      retryInMs: 1,
      attempt: 1,
      code: 450,
      class: 'throttle',
      scope: 'recipient',
    },
    'mailroom_throttle_replies_total{connection="relay",scope="recipient"} 1',
  ],
  [
    { event: 'refused', ...message, refused: 3, suppress: 2, attempt: 1, reason: 'r' },
    'mailroom_suppressed_recipients_total{connection="relay"} 2',
  ],
  [
    {
      event: 'deferred',
      ...message,
      pending: 1,
      retryInMs: 1,
      attempt: 1,
      alert: true,
      rule: 'user.x',
    },
    'mailroom_alerts_total{connection="relay",rule="user.x"} 1',
  ],
  [
    {
      event: 'parked',
      ...manager,
      blames: 'account',
      reason: 'r',
      retryInMs: 1,
      stage: 'auth',
      rule: 'stage.auth.5yz',
      alert: true,
    },
    'mailroom_alerts_total{connection="relay",rule="stage.auth.5yz"} 1',
  ],
])('$0.event is counted as %s', async ([event, line]) => {
  expect(await scrape([event])).toContain(line)
})

test('sessions that opened and did not close are open', async () => {
  const opened: WorkerEvent = { event: 'session-opened', ...manager, ms: 1 }
  const closed: WorkerEvent = { event: 'session-closed', ...manager, messages: 1, why: 'idle' }
  expect(await scrape([opened, opened, opened, closed])).toContain(
    'mailroom_sessions{connection="relay",manager="relay-2"} 2',
  )
})

test('a certificate ends when the last session over TLS showed it', async () => {
  const opened: WorkerEvent = { event: 'session-opened', ...manager, ms: 1 }
  const secure = { ...opened, certificateEnds: '2027-01-31T08:00:00.000Z' }
  const line = 'mailroom_certificate_expiry_timestamp_seconds'
  const ofManager = `${line}{connection="relay",manager="relay-2"}`
  expect(await scrape([secure, opened])).toContain(`${ofManager} 1801382400`)
  expect(await scrape([secure, { event: 'manager-left', ...manager }])).not.toContain(ofManager)
  const ours = { ...opened, clientCertificateEnds: '2027-01-31T08:00:00.000Z' }
  const ofOurs =
    'mailroom_client_certificate_expiry_timestamp_seconds{connection="relay",manager="relay-2"}'
  expect(await scrape([ours, opened])).toContain(`${ofOurs} 1801382400`)
  expect(await scrape([ours, { event: 'manager-left', ...manager }])).not.toContain(ofOurs)
})

test('a manager is parked until it resumes', async () => {
  const parked: WorkerEvent = {
    event: 'parked',
    ...manager,
    blames: 'manager',
    reason: 'r',
    retryInMs: 1,
  }
  const resumed: WorkerEvent = { event: 'resumed', ...manager, parkedMs: 1 }
  const line = 'mailroom_manager_parked{connection="relay",manager="relay-2"}'
  expect(await scrape([parked])).toContain(`${line} 1`)
  expect(await scrape([parked, resumed])).toContain(`${line} 0`)
})

test('a name that is served no more is parked no more', async () => {
  const parked: WorkerEvent = {
    event: 'parked',
    connection: 'relay',
    manager: 'relay',
    blames: 'account',
    reason: 'r',
    retryInMs: 1,
  }
  const applied: WorkerEvent = {
    event: 'config-applied',
    connections: [],
    added: [],
    changed: [],
    removed: ['relay'],
    delayed: [],
    atNextStart: [],
  }
  expect((await scrape([parked])).join()).toContain('mailroom_manager_parked{')
  expect((await scrape([parked, applied])).join()).not.toContain('mailroom_manager_parked{')
})

test('what became of the last configuration is known, with its time', async () => {
  const before = Date.now() / 1000
  const lines = await scrape([
    { event: 'worker-started', worker: 'w', connections: [] },
    { event: 'config-refused', problems: [] },
    { event: 'config-refused', problems: [] },
  ])
  expect(lines).toContain('mailroom_config_loads_total{result="applied"} 1')
  expect(lines).toContain('mailroom_config_loads_total{result="refused"} 2')
  const time = /^mailroom_config_loaded_timestamp_seconds\{result="refused"\} (.*)$/m
  expect(Number(time.exec(lines.join('\n'))?.[1])).toBeGreaterThanOrEqual(before)
})

test('depths are asked at every scrape, and a store that is down takes nothing else away', async () => {
  let waiting = 3
  const depths = {
    names: () => ['relay', 'broken'],
    depth: async (name: string) => {
      if (name === 'broken') throw new Error('down')
      return { waiting, active: 1, delayed: 2, dead: 0 }
    },
  }
  const metrics = createMetrics({ depths, ofProcess: false })
  const first = await metrics.registry.metrics()
  expect(first).toContain('mailroom_queue_jobs{connection="relay",state="waiting"} 3')
  expect(first).not.toContain('broken')
  waiting = 0
  expect(await metrics.registry.metrics()).toContain(
    'mailroom_queue_jobs{connection="relay",state="waiting"} 0',
  )
})

test('the metrics of the process are there, on a registry of its own', async () => {
  const lines = await scrape([], {})
  expect(lines.some((line) => line.startsWith('process_cpu_seconds_total '))).toBe(true)
  expect(lines.some((line) => line.startsWith('nodejs_eventloop_lag_seconds '))).toBe(true)
  await expect(scrape([], {})).resolves.toBeDefined()
})
