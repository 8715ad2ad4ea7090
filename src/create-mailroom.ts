import type { ConnectionWarning } from './connections/connection-warning.ts'
import { createMailroom as create, type Mailroom } from './producer/mailroom.ts'
import {
  contentOptionsOf,
  environmentOf,
  locateQueue,
  readConfig,
  warnOf,
  type ConfigSource,
} from './read-config.ts'

/** What a configuration file cannot say. */
export interface MailroomHooks {
  /** Where variables are looked up; the process' environment by default. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** The environment of the configuration that counts; `MAILROOM_ENV` by default, else none. */
  readonly environment?: string
  /** Brings the tables in a Postgres up to date at the first call; an embedded store does so anyway. */
  readonly migrate?: boolean
  /** Faults that no call hears of, such as a lost idle connection. */
  readonly onError?: (error: unknown) => void
  /** Hears what is doubtful about the configuration; a warning of the process by default. */
  readonly onWarning?: (warning: ConnectionWarning) => void
}

/**
 * Creates a mailroom from a configuration; it connects at its first call.
 *
 * Throws `InvalidConfigurationError` with all problems, and `UnknownEnvironmentError`. Whoever
 * creates it closes it, best with `await using`.
 */
export function createMailroom<Name extends string>(
  config: ConfigSource<Name>,
  { env = process.env, environment, migrate, onError, onWarning }: MailroomHooks = {},
): Mailroom<Name> {
  const read = readConfig(config, { env, environment: environmentOf(environment, env) })
  warnOf(read, onWarning)
  const { connections, rules, attachments, limits, prefix, schema, ...rest } = read
  return create({
    connections,
    rules,
    prefix,
    schema,
    locate: () => locateQueue(rest, { env }),
    attachmentRoots: attachments.roots,
    maxJobBytes: limits.jobBytes,
    maxMessageBytes: limits.messageBytes,
    inlineBytes: read.content.inlineBytes,
    content: contentOptionsOf(read),
    retentionMs: read.retention.ended,
    ...(attachments.maxBytes === undefined ? {} : { maxAttachmentBytes: attachments.maxBytes }),
    ...(limits.queueDepth === undefined ? {} : { maxDepth: limits.queueDepth }),
    ...(migrate === undefined ? {} : { migrate }),
    ...(onError === undefined ? {} : { onError }),
  })
}
