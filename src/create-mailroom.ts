import { createMailroom as create, type Mailroom } from './producer/mailroom.ts'
import { locateQueue, readConfig, type ConfigSource } from './read-config.ts'

/** What a configuration file cannot say. */
export interface MailroomHooks {
  /** Where `${env:NAME}` is looked up; the process' environment by default. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Faults that no call hears of, such as a lost idle connection. */
  readonly onError?: (error: unknown) => void
}

/**
 * Creates a mailroom from a configuration; it connects at its first call.
 *
 * Throws `InvalidConfigurationError` with all problems. Whoever creates it closes it, best with
 * `await using`.
 */
export function createMailroom<Name extends string>(
  config: ConfigSource<Name>,
  { env = process.env, onError }: MailroomHooks = {},
): Mailroom<Name> {
  const { connections, attachments, limits, prefix, schema, ...rest } = readConfig(config)
  return create({
    connections,
    prefix,
    schema,
    locate: () => locateQueue(rest, { env }),
    attachmentRoots: attachments.roots,
    maxAttachmentBytes: attachments.maxBytes,
    maxJobBytes: limits.jobBytes,
    ...(limits.queueDepth === undefined ? {} : { maxDepth: limits.queueDepth }),
    ...(onError === undefined ? {} : { onError }),
  })
}
