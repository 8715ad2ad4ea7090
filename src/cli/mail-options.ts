import path from 'node:path'

import type { MessageInput } from '../job/message-input.ts'
import type { SendMail } from '../job/send-mail.ts'
import { DSN_EVENTS } from '../smtp/dsn.ts'
import { UNCERTAIN_POLICIES } from '../smtp/uncertain-policy.ts'
import type { OptionValues } from './command-line.ts'
import { UsageError } from './errors.ts'

/** The options of `send` that say what the message is. */
export const MESSAGE_OPTIONS = {
  from: { type: 'string' },
  sender: { type: 'string' },
  to: { type: 'string', multiple: true },
  cc: { type: 'string', multiple: true },
  bcc: { type: 'string', multiple: true },
  'reply-to': { type: 'string', multiple: true },
  subject: { type: 'string' },
  text: { type: 'string' },
  html: { type: 'string' },
  attach: { type: 'string', multiple: true },
  inline: { type: 'string', multiple: true },
  header: { type: 'string', multiple: true },
  priority: { type: 'string' },
  'in-reply-to': { type: 'string' },
  references: { type: 'string' },
} as const

/** The options of `send` for a message that is sent as it is. */
export const RAW_OPTIONS = {
  raw: { type: 'boolean' },
  crlf: { type: 'boolean' },
} as const

/** The options of `send` that say how any message is sent, also one from standard input. */
export const DELIVERY_OPTIONS = {
  'envelope-from': { type: 'string' },
  'envelope-to': { type: 'string', multiple: true },
  key: { type: 'string' },
  delay: { type: 'string' },
  'send-at': { type: 'string' },
  'not-after': { type: 'string' },
  supersedes: { type: 'string' },
  'queue-priority': { type: 'string' },
  uncertain: { type: 'string' },
  'dsn-notify': { type: 'string' },
  'dsn-return': { type: 'string' },
  'dsn-envelope-id': { type: 'string' },
  'dsn-required': { type: 'boolean' },
  'require-tls': { type: 'boolean' },
} as const

type Message = MessageInput
type MessageValues = OptionValues<typeof MESSAGE_OPTIONS>
type DeliveryValues = OptionValues<typeof DELIVERY_OPTIONS>

/** Whether any option describes the message, so that none is read from standard input. */
export function describesMessage(values: MessageValues): boolean {
  return Object.keys(MESSAGE_OPTIONS).some((name) => Object.hasOwn(values, name))
}

/** The message that the options describe. Throws `UsageError` for a header without a colon. */
export function messageOf(values: MessageValues, cwd: string): Message {
  const { from, sender, subject, text, html, references } = values
  const inReplyTo = values['in-reply-to']
  return {
    ...(from !== undefined && { from }),
    ...(sender !== undefined && { sender }),
    to: listOf(values.to),
    cc: listOf(values.cc),
    bcc: listOf(values.bcc),
    replyTo: listOf(values['reply-to']),
    ...(subject !== undefined && { subject }),
    ...(text !== undefined && { text }),
    ...(html !== undefined && { html }),
    attachments: [
      ...(values.attach ?? []).map((file) => ({ path: path.resolve(cwd, file) })),
      ...(values.inline ?? []).map((given) => inlineOf(given, cwd)),
    ],
    headers: Object.fromEntries((values.header ?? []).map(headerOf)),
    ...(values.priority !== undefined && { priority: priorityOf(values.priority) }),
    ...(inReplyTo !== undefined && { inReplyTo }),
    ...(references !== undefined && { references }),
  }
}

/** The envelope that the options ask for; undefined when they ask for none. */
export function envelopeOf(values: DeliveryValues): SendMail['envelope'] {
  const from = values['envelope-from']
  const to = values['envelope-to']
  if (from === undefined && to === undefined) return undefined
  return { ...(from !== undefined && { from }), ...(to && { to: listOf(to) }) }
}

/** The delivery options that were given; undefined when none was. */
export function optionsOf(values: DeliveryValues): SendMail['options'] {
  const { key, delay, supersedes } = values
  const sendAt = values['send-at']
  const notAfter = values['not-after']
  const priority = values['queue-priority']
  const { uncertain } = values
  const dsn = dsnOf(values)
  const options = {
    ...(key !== undefined && { idempotencyKey: key }),
    ...(delay !== undefined && { delay }),
    ...(sendAt !== undefined && { sendAt }),
    ...(notAfter !== undefined && { notAfter }),
    ...(supersedes !== undefined && { supersedes }),
    ...(priority !== undefined && { priority: queuePriorityOf(priority) }),
    ...(uncertain !== undefined && {
      uncertain: oneOf('uncertain', uncertain, UNCERTAIN_POLICIES),
    }),
    ...(dsn !== undefined && { dsn }),
    ...(values['require-tls'] === true && { requireTls: true }),
  }
  return Object.keys(options).length === 0 ? undefined : options
}

/** Which reports are asked for; undefined when no option says anything of them. */
function dsnOf(values: DeliveryValues): NonNullable<SendMail['options']>['dsn'] {
  const notify = values['dsn-notify']?.split(',').map((event) => event.trim())
  const back = values['dsn-return']
  const envelopeId = values['dsn-envelope-id']
  const dsn = {
    ...(notify !== undefined && {
      notify:
        notify.length === 1 && notify[0]?.toLowerCase() === 'never'
          ? ('never' as const)
          : notify.map((event) => oneOf('dsn-notify', event, DSN_EVENTS)),
    }),
    ...(back !== undefined && { return: oneOf('dsn-return', back, ['headers', 'full']) }),
    ...(envelopeId !== undefined && { envelopeId }),
    ...(values['dsn-required'] === true && { required: true }),
  }
  return Object.keys(dsn).length === 0 ? undefined : dsn
}

/** Several options of one kind, each with one mailbox or several, as one list. */
function listOf(values: readonly string[] | undefined): string {
  return (values ?? []).join(', ')
}

function headerOf(given: string): readonly [string, string] {
  const [, name, value] = /^([^:\s]+)\s*:\s*(.*)$/s.exec(given) ?? []
  if (name !== undefined && value !== undefined) return [name, value]
  throw new UsageError('"--header" expects "Name: value", got a text without a name or a colon')
}

function inlineOf(given: string, cwd: string): { readonly cid: string; readonly path: string } {
  const [, cid, file] = /^([^=]+)=(.+)$/s.exec(given) ?? []
  if (cid !== undefined && file !== undefined) return { cid, path: path.resolve(cwd, file) }
  throw new UsageError(
    '"--inline" expects "CID=FILE", such as "logo=logo.png" for <img src="cid:logo">',
  )
}

function priorityOf(text: string): 'High' | 'Normal' | 'Low' {
  return oneOf('priority', text, ['High', 'Normal', 'Low'])
}

function queuePriorityOf(text: string): 'high' | 'normal' | 'low' {
  return oneOf('queue-priority', text, ['high', 'normal', 'low'])
}

function oneOf<const Choice extends string>(
  option: string,
  text: string,
  choices: readonly Choice[],
): Choice {
  const choice = choices.find((one) => one.toLowerCase() === text.toLowerCase())
  if (choice !== undefined) return choice
  throw new UsageError(`"--${option}" expects ${choices.join(', ')}, got ${JSON.stringify(text)}`)
}
