import { pino } from 'pino'
import type { DestinationStream, Logger } from 'pino'

import type { Emit, WorkerEvent } from '../worker/events.ts'
import { hideAddresses } from './hide-addresses.ts'
import { LEVEL_OF, type LogLevel } from './log-levels.ts'

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
