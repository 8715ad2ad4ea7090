import type { WorkerEvent } from '../worker/events.ts'

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const

export type LogLevel = (typeof LOG_LEVELS)[number]

/**
 * The level at which each event is logged.
 *
 * `info` is the life of messages, `warn` what somebody may have to look at, `error` what stops
 * all mail, `debug` what only matters while hunting a fault.
 */
export const LEVEL_OF: Readonly<Record<WorkerEvent['event'], Exclude<LogLevel, 'silent'>>> = {
  'worker-started': 'info',
  'worker-quieted': 'info',
  'worker-stopped': 'info',
  delivered: 'info',
  deferred: 'info',
  refused: 'warn',
  uncertain: 'warn',
  'uncertain-settled': 'warn',
  expired: 'warn',
  cancelled: 'info',
  superseded: 'info',
  'set-aside': 'warn',
  'content-lost': 'error',
  'handed-back': 'debug',
  'session-opened': 'debug',
  'session-closed': 'debug',
  verified: 'info',
  parked: 'warn',
  resumed: 'info',
  paused: 'warn',
  'pause-ended': 'info',
  'token-renewed': 'info',
  'token-refused': 'warn',
  throttled: 'info',
  'rate-changed': 'debug',
  'rate-restored': 'info',
  'manager-left': 'debug',
  'failed-over': 'warn',
  'failed-back': 'info',
  'job-rejected': 'warn',
  'config-applied': 'info',
  'config-refused': 'warn',
  'store-error': 'error',
  requeued: 'warn',
  'job-lost': 'error',
  swept: 'info',
}

/** Whether somebody may have to look at it. */
export function isAlarming({ event }: Pick<WorkerEvent, 'event'>): boolean {
  const level = LEVEL_OF[event]
  return level === 'warn' || level === 'error'
}
