import { pino } from 'pino'
import type { DestinationStream, Logger } from 'pino'

import type { Emit, WorkerEvent } from '../worker/events.ts'
import { hideAddresses } from './hide-addresses.ts'

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const

export type LogLevel = (typeof LOG_LEVELS)[number]

export interface LoggerOptions {
  /** `info` by default. */
  readonly level?: LogLevel
  /** Where the lines go; standard output by default, written at once. */
  readonly destination?: DestinationStream
}

/** Creates a logger of JSON lines: `level` as a word, `time` as ISO 8601 in UTC, then the fields. */
export function createLogger({ level = 'info', destination }: LoggerOptions = {}): Logger {
  return pino(
    {
      level,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination ?? pino.destination({ dest: 1, sync: true }),
  )
}

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

/** Writes every event as one line with the event's own fields, at the level of `LEVEL_OF`. */
export function logEvents(logger: Logger): Emit {
  return (event) => {
    const level = LEVEL_OF[event.event]
    if (!logger.isLevelEnabled(level)) return
    logger[level](withoutAddresses(event))
  }
}

/** Whatever may quote what somebody else has said. */
function withoutAddresses(event: WorkerEvent): WorkerEvent {
  if ('reason' in event) return { ...event, reason: hideAddresses(event.reason) }
  if (event.event !== 'config-refused') return event
  const problems = event.problems.map((problem) => ({
    ...problem,
    message: hideAddresses(problem.message),
  }))
  return { ...event, problems }
}
