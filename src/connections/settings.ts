import * as z from 'zod'

import { DURATION_PATTERN, parseDuration } from '../duration.ts'
import { parsedBy } from './parsed-by.ts'
import { queueLocation } from './queue-location.ts'
import { KNOWN_RULE_PROPERTIES, replyRulesSchema } from './reply-rules.ts'
import { secretText } from './secret-text.ts'

const DEFAULT_JOB_BYTES = 1_048_576
const DEFAULT_MESSAGE_BYTES = 52_428_800
const DEFAULT_INLINE_BYTES = 65_536
const DEFAULT_HISTORY_BYTES = 268_435_456

function span(fallback: string, meaning: string) {
  return z
    .union([z.string(), z.number()], { error: 'expected a duration such as "30s" or milliseconds' })
    .transform(parsedBy(parseDuration))
    .refine((ms) => ms >= 1, 'expected more than nothing')
    .prefault(fallback)
    .meta({
      description: `${meaning}; "${fallback}" by default`,
      pattern: DURATION_PATTERN,
      minimum: 1,
    })
}

const attachments = z
  .strictObject({
    roots: z
      .array(z.string().min(1))
      .default([])
      .describe('The folders that attachments by path may come from; none by default'),
    maxBytes: z
      .int()
      .min(1)
      .optional()
      .describe(
        'Files of one message that are read from paths, in bytes; `limits.messageBytes` by default',
      ),
  })
  .readonly()

const limits = z
  .strictObject({
    jobBytes: z
      .int()
      .min(1)
      .default(DEFAULT_JOB_BYTES)
      .describe('The largest job in the queue; 1,048,576 by default'),
    messageBytes: z
      .int()
      .min(1)
      .default(DEFAULT_MESSAGE_BYTES)
      .describe('The largest message that is accepted, as it is encoded; 52,428,800 by default'),
    queueDepth: z
      .int()
      .min(1)
      .optional()
      .describe('Jobs that may wait for one name before more are refused; no limit by default'),
  })
  .readonly()

const content = z
  .strictObject({
    store: z
      .string()
      .regex(/^(?:queue|directory:.+)$/s, 'expected "queue" or "directory:" and an absolute path')
      .default('queue')
      .describe(
        'Where large content lies: "queue", in the store of the queue (default), or "directory:" and an absolute path that producers and workers share',
      ),
    inlineBytes: z
      .int()
      .min(0)
      .default(DEFAULT_INLINE_BYTES)
      .describe('Content of more bytes is kept once, beside the queue; 65,536 by default'),
    maxBytes: z
      .int()
      .min(1)
      .optional()
      .describe('Of one content; 33,554,432 in Redis, no limit of its own elsewhere by default'),
    totalBytes: z
      .int()
      .min(1)
      .optional()
      .describe('Of all content; 1,073,741,824 in Redis, no limit elsewhere by default'),
  })
  .readonly()

const retention = z
  .strictObject({
    ended: span(
      '30d',
      'How long delivered and cancelled messages, and so their idempotency keys, are known after their end',
    ),
    held: span(
      '90d',
      'How long refused, expired and uncertain messages are kept for somebody to decide',
    ),
  })
  .readonly()

const history = z
  .strictObject({
    keepFor: span(
      '30d',
      'How long what happened to messages is kept: attempts, conversations, decisions of people',
    ),
    maxBytes: z
      .int()
      .min(0)
      .default(DEFAULT_HISTORY_BYTES)
      .describe(
        'How much of it in all, the oldest goes first; 268,435,456 by default. What forbids a second sending is no part of it',
      ),
  })
  .readonly()

const worker = z
  .strictObject({
    connections: z
      .array(z.string())
      .optional()
      .describe('The names that workers take; all by default'),
    lock: span('1m', 'How long a job stays taken without a sign of life of its worker'),
    maxInFlight: z
      .int()
      .min(1)
      .default(1_000)
      .describe(
        'How many messages of all names one worker delivers at once, at least one of each name; 1,000 by default',
      ),
    verifyAtStart: z
      .boolean()
      .default(true)
      .describe(
        'Whether a worker that starts finds out if each connection manager can be used, by one login of all workers together, also without mail; true by default',
      ),
    stopWithin: span('30s', 'How long a worker that stops finishes what is in flight'),
    host: z
      .string()
      .min(1)
      .default('127.0.0.1')
      .describe('Where /livez, /readyz and /metrics are served; "127.0.0.1" by default'),
    port: z
      .int()
      .min(0)
      .max(65_535)
      .optional()
      .describe('Their port, 0 for any free one; not served by default'),
  })
  .readonly()

/** Everything in a configuration but its connection managers. */
export const settingsSchema = z.strictObject({
  queue: queueLocation()
    .optional()
    .describe(
      'Where jobs wait: redis://, rediss://, postgres:// or embedded:DIR; may hold references',
    ),
  prefix: z
    .string()
    .min(1)
    .default('mailroom')
    .describe('Begins every key in Redis; "mailroom" by default'),
  schema: z
    .string()
    .regex(
      /^[a-z_][a-z0-9_]{0,39}$/,
      'expected lower case letters, digits and underscores, no digit first, at most 40',
    )
    .default('mailroom')
    .describe('Holds every table in Postgres; "mailroom" by default'),
  digestKey: secretText()
    .optional()
    .describe(
      'Keys the digests that workers compare; the same in all of them; may hold references',
    ),
  attachments: attachments.prefault({}).describe('Attachments that are named by a path'),
  limits: limits.prefault({}).describe('How large jobs and queues may become'),
  content: content
    .prefault({})
    .describe('Where attachments and raw messages lie that are too large for a job'),
  retention: retention.prefault({}).describe('How long messages are known after their end'),
  rules: replyRulesSchema.prefault([]).meta({
    description:
      'What replies of servers mean, asked before everything that is known of them; nothing by default',
    default: [],
  }),
  history: history.prefault({}).describe('How much is kept of what happened to messages'),
  worker: worker.prefault({}).describe('How workers work'),
})

export type Settings = Readonly<z.output<typeof settingsSchema>>
export type SettingsInput = Readonly<z.input<typeof settingsSchema>>

/** The names of all settings, inner ones too, to suggest one for a misspelt one. */
export const KNOWN_SETTINGS: readonly string[] = [
  'connections',
  'groups',
  ...Object.keys(settingsSchema.shape),
  ...KNOWN_RULE_PROPERTIES,
  ...[attachments, limits, content, retention, history, worker].flatMap((group) =>
    Object.keys(group.def.innerType.shape),
  ),
]
