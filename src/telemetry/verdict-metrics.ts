import { Counter, type Registry } from 'prom-client'

import { isTransactionStage } from '../smtp/stage.ts'
import type { WorkerEvent } from '../worker/events.ts'

/** What verdicts say beside their answers, counted. */
export interface VerdictMetrics {
  readonly alerts: Counter<'connection' | 'rule'>
  readonly suppressed: Counter<'connection'>
  readonly throttleReplies: Counter<'connection' | 'scope'>
}

export function createVerdictMetrics(registers: Registry[]): VerdictMetrics {
  return {
    alerts: new Counter({
      name: 'mailroom_alerts_total',
      help: 'Verdicts that waiting does not cure: a person has to act. By the rule that decided.',
      labelNames: ['connection', 'rule'],
      registers,
    }),
    suppressed: new Counter({
      name: 'mailroom_suppressed_recipients_total',
      help: 'Recipients that nobody should mail again: there is no such mailbox or domain.',
      labelNames: ['connection'],
      registers,
    }),
    throttleReplies: new Counter({
      name: 'mailroom_throttle_replies_total',
      help: 'Attempts that a server put off because of their number, by whom that is about.',
      labelNames: ['connection', 'scope'],
      registers,
    }),
  }
}

/** Counts what an event tells of a verdict. */
export function observeVerdict(
  { alerts, suppressed, throttleReplies }: VerdictMetrics,
  event: WorkerEvent,
): void {
  if (!isVerdict(event)) return
  // From MAIL on what parks a manager is told of the message too.
  const isTold = event.event === 'parked' && event.stage && isTransactionStage(event.stage)
  if (isTold) return
  const { connection, class: kind, scope, rule, alert } = event
  if (alert && rule !== undefined) alerts.inc({ connection, rule })
  if (event.event === 'refused') suppressed.inc({ connection }, event.suppress ?? 0)
  if (event.event === 'deferred' && kind === 'throttle' && scope !== undefined) {
    throttleReplies.inc({ connection, scope })
  }
}

const VERDICTS = ['deferred', 'refused', 'uncertain', 'expired', 'parked'] as const

type VerdictEvent = Extract<WorkerEvent, { readonly event: (typeof VERDICTS)[number] }>

function isVerdict(event: WorkerEvent): event is VerdictEvent {
  return VERDICTS.some((name) => name === event.event)
}
