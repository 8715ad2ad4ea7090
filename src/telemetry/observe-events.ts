import type { Emit, WorkerEvent } from '../worker/events.ts'
import type { Metrics } from './metrics.ts'
import { observeVerdict } from './verdict-metrics.ts'

/** Counts every event in `metrics`. */
export function observeEvents(metrics: Metrics): Emit {
  const end = (connection: string, outcome: string): void =>
    metrics.messages.inc({ connection, outcome })

  return (event) => {
    observeVerdict(metrics, event)
    if ('from' in event) return observeSwitch(metrics, event)
    if ('grant' in event) return observeToken(metrics, event)
    if ('manager' in event) {
      observeManager(metrics, event)
      return
    }
    switch (event.event) {
      case 'delivered':
        end(event.connection, 'delivered')
        observeDelivery(metrics, event)
        return
      case 'deferred':
        metrics.deferrals.inc({ connection: event.connection, class: classOf(event) })
        return
      case 'refused':
      case 'uncertain':
      case 'expired':
      case 'cancelled':
      case 'superseded':
      case 'set-aside':
        end(event.connection, event.event)
        return
      case 'uncertain-settled':
        metrics.uncertainSettled.inc({ connection: event.connection, way: event.way })
        return
      case 'job-rejected':
        end(event.connection, 'rejected')
        return
      case 'job-lost':
        end(event.connection, 'lost')
        return
      case 'requeued':
        metrics.requeued.inc({ connection: event.connection })
        return
      case 'handed-back':
        metrics.handedBack.inc({ connection: event.connection })
        return
      case 'store-error':
        metrics.storeErrors.inc({ code: event.code })
        return
      case 'worker-started':
      case 'config-applied':
        observeLoad(metrics, 'applied', 'removed' in event ? event.removed : [])
        return
      case 'config-refused':
        observeLoad(metrics, 'refused')
        return
      case 'worker-quieted':
      case 'worker-stopped':
      case 'swept':
      case 'content-lost':
    }
  }
}

function observeDelivery(
  metrics: Metrics,
  event: Extract<WorkerEvent, { readonly event: 'delivered' }>,
): void {
  const { connection, bytes, ms, sinceAcceptedMs } = event
  metrics.bytes.inc({ connection }, bytes)
  metrics.deliverySeconds.observe({ connection }, ms / 1000)
  metrics.acceptedSeconds.observe({ connection }, sinceAcceptedMs / 1000)
}

function observeSwitch(
  { switches }: Metrics,
  {
    event: direction,
    connection,
    from,
    to,
  }: Extract<WorkerEvent, { readonly event: 'failed-over' | 'failed-back' }>,
): void {
  switches.inc({ connection, from, to, direction })
}

function observeToken({ tokens }: Metrics, event: Extract<WorkerEvent, { grant: string }>): void {
  const { manager, grant } = event
  const result = event.event === 'token-renewed' ? 'renewed' : 'refused'
  tokens.inc({ manager, grant, result })
}

type ManagerEvent = Extract<WorkerEvent, { readonly manager: string; readonly connection: string }>

function observeManager(metrics: Metrics, event: ManagerEvent): void {
  const { connection, manager } = event
  switch (event.event) {
    case 'session-opened':
      metrics.sessions.inc({ connection, manager })
      if (event.certificateEnds !== undefined) {
        const endsAt = Date.parse(event.certificateEnds) / 1000
        metrics.certificateExpiry.set({ connection, manager }, endsAt)
      }
      if (event.clientCertificateEnds !== undefined) {
        const endsAt = Date.parse(event.clientCertificateEnds) / 1000
        metrics.clientCertificateExpiry.set({ connection, manager }, endsAt)
      }
      return
    case 'session-closed':
      metrics.sessions.dec({ connection, manager })
      metrics.sessionsClosed.inc({ connection, manager, why: event.why })
      return
    case 'parked':
      metrics.parked.set({ connection, manager }, 1)
      return
    case 'verified':
    case 'resumed':
      metrics.parked.set({ connection, manager }, 0)
      return
    case 'paused':
      metrics.paused.set({ connection, manager }, 1)
      return
    case 'pause-ended':
      metrics.paused.set({ connection, manager }, 0)
      return
    case 'throttled':
      metrics.throttles.inc({ connection, manager })
      return
    case 'rate-changed':
      metrics.loweredRate.set({ connection, manager }, event.perMinute)
      return
    case 'rate-restored':
      metrics.loweredRate.remove({ connection, manager })
      return
    case 'manager-left':
      // Nobody tells any more how it stands.
      for (const name of OF_MANAGER) {
        metrics[name].remove({ connection, manager })
      }
  }
}

function observeLoad(
  metrics: Metrics,
  result: 'applied' | 'refused',
  removed: readonly string[] = [],
): void {
  forget(metrics, removed)
  metrics.configLoads.inc({ result })
  metrics.configLoadedAt.setToCurrentTime({ result })
}

/** A name that is served no more is not parked either: nobody could end that. */
function forget(metrics: Metrics, names: readonly string[]): void {
  for (const name of names) metrics.parked.remove({ connection: name, manager: name })
}

/** `4xx` or `5xx` by the reply's code, or `no-reply` when the server did not answer. */
function classOf({ code }: { readonly code?: number }): string {
  return code === undefined ? 'no-reply' : `${Math.floor(code / 100)}xx`
}

/** What is true of a manager as long as it is there. */
const OF_MANAGER = [
  'parked',
  'paused',
  'loweredRate',
  'certificateExpiry',
  'clientCertificateExpiry',
] as const
