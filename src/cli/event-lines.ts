import { formatDuration } from '../duration.ts'
import { hideAddresses } from '../telemetry/hide-addresses.ts'
import { LEVEL_OF, type LogLevel } from '../telemetry/log-levels.ts'
import type { Emit, WorkerEvent } from '../worker/events.ts'
import type { Style, Terminal } from './terminal.ts'

const RANK = { debug: 0, info: 1, warn: 2, error: 3, silent: 4 } as const

const STYLES: Readonly<Record<Exclude<LogLevel, 'silent'>, Style>> = {
  debug: 'dim',
  info: 'cyan',
  warn: 'yellow',
  error: 'red',
}

/** Prints events from `level` on as one short line each, for a person who watches. */
export function printEvents(
  terminal: Terminal,
  level: LogLevel,
  now: () => Date = () => new Date(),
): Emit {
  return (event) => {
    const at = LEVEL_OF[event.event]
    if (RANK[at] < RANK[level]) return
    const time = terminal.style('dim', now().toTimeString().slice(0, 8))
    const name = terminal.style(STYLES[at], event.event)
    terminal.say([time, name, describe(event)].join(' ').trimEnd())
  }
}

const SETTLED = {
  resend: 'sent again, although it may be delivered',
  accept: 'counts as delivered, although no answer came',
} as const

function describe(event: WorkerEvent): string {
  if ('manager' in event) return describeManager(event)
  switch (event.event) {
    case 'worker-started':
      return `takes mail for ${event.connections.map((name) => `"${name}"`).join(', ')}`
    case 'worker-quieted':
      return 'takes nothing more'
    case 'worker-stopped':
      return `handed ${event.handedBack} back`
    case 'delivered':
      return `${mail(event)} to ${count(event.recipients, 'recipient')} in ${formatDuration(event.ms)}`
    case 'deferred':
      return `${mail(event)}: ${reply(event)}, again in ${formatDuration(event.retryInMs)}`
    case 'refused':
    case 'set-aside':
    case 'job-lost':
    case 'job-rejected':
      return `${mail(event)}: ${hideAddresses(event.reason)}`
    case 'content-lost':
      return `${mail(event)}: its content is ${event.why}`
    case 'uncertain':
      return `${mail(event)}: sent, but the answer never came`
    case 'uncertain-settled':
      return `${mail(event)}: ${SETTLED[event.way]}`
    case 'expired':
      return `${mail(event)}: ${count(event.pending, 'recipient')} not reached in time`
    case 'cancelled':
    case 'superseded':
    case 'handed-back':
    case 'requeued':
      return mail(event)
    case 'swept':
      return `${event.requeued} requeued, ${event.lost} lost, ${event.expired} expired, ${event.forgotten} forgotten`
    case 'failed-over':
    case 'failed-back':
      return switched(event)
    case 'config-applied':
      return changes(event)
    case 'config-refused':
      return event.problems
        .map(({ path, message }) => `${path.join('.')} ${hideAddresses(message)}`.trimStart())
        .join('; ')
    case 'store-error':
      return `${hideAddresses(event.reason)} (${event.code})`
  }
}

function switched(
  event: Extract<WorkerEvent, { readonly event: 'failed-over' | 'failed-back' }>,
): string {
  const ways = `"${event.connection}" from "${event.from}" to "${event.to}"`
  return event.event === 'failed-back' ? ways : `${ways}: ${hideAddresses(event.reason)}`
}

function changes(event: Extract<WorkerEvent, { readonly event: 'config-applied' }>): string {
  const kinds = ['added', 'changed', 'removed', 'atNextStart', 'delayed'] as const
  const parts = kinds.flatMap((kind) => {
    if (event[kind].length === 0) return []
    const names = event[kind].map((name) => JSON.stringify(name)).join(', ')
    const again =
      kind === 'delayed' ? `, tried again in ${formatDuration(event.retryInMs ?? 0)}` : ''
    return [`${kind === 'atNextStart' ? 'at the next start' : kind} ${names}${again}`]
  })
  return parts.join('; ') || 'nothing has changed'
}

function describeManager(event: Extract<WorkerEvent, { readonly manager: string }>): string {
  switch (event.event) {
    case 'session-opened':
      return `"${event.manager}" in ${formatDuration(event.ms)}`
    case 'session-closed':
      return `"${event.manager}" after ${count(event.messages, 'message')} (${event.why})`
    case 'parked': {
      const again = event.retryInMs
      const next = again === undefined ? '' : `, tried again in ${formatDuration(again)}`
      const todo = event.advice === undefined ? '' : `. ${event.advice}`
      return `"${event.manager}": ${hideAddresses(event.reason)}${next}${todo}`
    }
    case 'token-renewed':
      return `"${event.manager}" for ${formatDuration(event.livesMs)}`
    case 'token-refused':
      return `"${event.manager}": ${hideAddresses(event.reason)}`
    case 'verified':
      return `"${event.manager}" can be used`
    case 'resumed':
      return `"${event.manager}" after ${formatDuration(event.parkedMs)}`
    case 'paused': {
      const why = event.reason === '' ? '' : `: ${hideAddresses(event.reason)}`
      return `"${event.manager}" by an operator${why}`
    }
    case 'manager-left':
      return `"${event.manager}"`
    case 'pause-ended':
      return `"${event.manager}" after ${formatDuration(event.pausedMs)}`
    case 'throttled':
      return `"${event.manager}" for ${formatDuration(event.retryInMs)}${thenAt(event)}`
    case 'rate-changed':
      return `"${event.manager}" to ${event.perMinute} a minute`
    case 'rate-restored':
      return `"${event.manager}" after ${formatDuration(event.loweredMs)}`
  }
}

function thenAt({ perMinute }: { readonly perMinute?: number }): string {
  return perMinute === undefined ? '' : `, then ${perMinute} a minute`
}

function mail({ id, connection }: { readonly id: string; readonly connection: string }): string {
  return `${id} "${connection}"`
}

function reply(event: {
  readonly code?: number
  readonly status?: string
  readonly stage?: string
}): string {
  const facts = [event.code, event.status, event.stage && `at ${event.stage}`]
  return facts.filter((fact) => fact !== undefined && fact !== '').join(' ') || 'no reply'
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
