import type { Mailroom } from '../producer/mailroom.ts'
import { createMailroom } from '../producer/mailroom.ts'
import { contentOptionsOf } from '../read-config.ts'
import type { Setup } from './setup.ts'

export interface ProducerOptions {
  /** Folders that attachments may come from besides those of the configuration. */
  readonly attachmentRoots?: readonly string[]
}

/** Creates the mailroom of `setup`; the caller closes it. */
export function openProducer(
  { settings, config }: Pick<Setup, 'settings' | 'config'>,
  { attachmentRoots = [] }: ProducerOptions = {},
): Mailroom {
  const { connections, rules, prefix, schema, attachments, limits, content } = config
  return createMailroom({
    locate: () => Promise.resolve(settings.queue),
    connections,
    rules,
    prefix,
    schema,
    attachmentRoots: [...attachments.roots, ...attachmentRoots],
    maxJobBytes: limits.jobBytes,
    maxMessageBytes: limits.messageBytes,
    inlineBytes: content.inlineBytes,
    content: contentOptionsOf(config),
    retentionMs: config.retention.ended,
    ...(attachments.maxBytes !== undefined && { maxAttachmentBytes: attachments.maxBytes }),
    ...(limits.queueDepth !== undefined && { maxDepth: limits.queueDepth }),
  })
}
