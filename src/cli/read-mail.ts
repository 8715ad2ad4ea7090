import path from 'node:path'
import { buffer } from 'node:stream/consumers'

import type { Mail } from '../producer/mailroom.ts'
import type { OptionValues } from './command-line.ts'
import type { Context } from './context.ts'
import { readEml } from './eml/read-eml.ts'
import { InvalidJobTextError, UsageError } from './errors.ts'
import type { DELIVERY_OPTIONS, MESSAGE_OPTIONS, RAW_OPTIONS } from './mail-options.ts'
import { describesMessage, envelopeOf, messageOf, optionsOf } from './mail-options.ts'

/** What `send` was asked to send. */
export interface MailToSend {
  /** Not yet checked: the producer does that, all problems at once. */
  readonly mail: Mail<string>
  /** Folders of the files that the command line itself named. */
  readonly attachmentRoots: readonly string[]
  /** Header fields of an `.eml` that the job cannot carry. */
  readonly leftOut: readonly string[]
}

type MailValues = OptionValues<
  typeof MESSAGE_OPTIONS & typeof DELIVERY_OPTIONS & typeof RAW_OPTIONS
> & {
  readonly connection?: string | undefined
}

/**
 * The message that the options describe, else the one on standard input: an `.eml`, or a job as
 * JSON when the text begins with `{`.
 *
 * Throws `UsageError`, `InvalidJobTextError` and `InvalidEmlError`.
 */
export async function readMail(
  values: MailValues,
  names: readonly string[],
  context: Pick<Context, 'stdin' | 'cwd'>,
): Promise<MailToSend> {
  const { stdin, cwd } = context
  if (values.crlf === true && values.raw !== true) {
    throw new UsageError('"--crlf" mends the lines of a "--raw" message: give both')
  }
  if (values.raw === true && describesMessage(values)) {
    throw new UsageError(
      '"--raw" sends standard input as it is: leave out what describes a message',
    )
  }
  if (!describesMessage(values)) {
    if (stdin.isTTY === true) {
      throw new UsageError(
        'nothing to send: give "--to" and "--text", or a message on standard input ' +
          '("mailroom send --connection relay < message.eml")',
      )
    }
    return readStandardInput(await buffer(stdin), values, names)
  }
  const usesInput = values.text === '-' || values.html === '-'
  const input = usesInput ? (await buffer(stdin)).toString('utf8') : ''
  const message = messageOf(
    {
      ...values,
      ...(values.text === '-' && { text: input }),
      ...(values.html === '-' && { html: input }),
    },
    cwd,
  )
  const files = message.attachments?.flatMap(({ path: file }) => file ?? []) ?? []
  return {
    mail: { connection: connectionOf(values.connection, names), message, ...aroundOf(values) },
    attachmentRoots: files.map((file) => path.dirname(file)),
    leftOut: [],
  }
}

function readStandardInput(
  bytes: Buffer,
  values: MailValues,
  names: readonly string[],
): MailToSend {
  if (/^\s*$/.test(bytes.subarray(0, 1024).toString('latin1')) && bytes.length <= 1024) {
    throw new UsageError('expected a message on standard input, got nothing')
  }
  if (values.raw === true) return rawMail(bytes, values, names)
  if (/^\s*\{/.test(bytes.subarray(0, 1024).toString('latin1'))) {
    const job = parseJobText(bytes.toString('utf8'))
    const connection = connectionOf(values.connection ?? textOrNothing(job.connection), names)
    const mail = Object.assign({}, job, aroundOf(values), { connection })
    return { mail, attachmentRoots: [], leftOut: [] }
  }
  const { message, leftOut } = readEml(bytes)
  const connection = connectionOf(values.connection, names)
  return { mail: { connection, message, ...aroundOf(values) }, attachmentRoots: [], leftOut }
}

function rawMail(bytes: Buffer, values: MailValues, names: readonly string[]): MailToSend {
  const { envelope, options } = aroundOf(values)
  const { to, ...sender } = envelope ?? {}
  if (to === undefined) {
    throw new UsageError('"--raw" needs "--envelope-to": the headers are not looked at')
  }
  const raw = { content: bytes, ...(values.crlf === true && { lineEnds: 'crlf' as const }) }
  const connection = connectionOf(values.connection, names)
  const mail = { connection, raw, envelope: { ...sender, to }, ...(options && { options }) }
  return { mail, attachmentRoots: [], leftOut: [] }
}

function aroundOf(values: MailValues): Pick<Mail<string>, 'envelope' | 'options'> {
  const envelope = envelopeOf(values)
  const options = optionsOf(values)
  return { ...(envelope && { envelope }), ...(options && { options }) }
}

/** The name that was given, or the only one that there is. */
function connectionOf(given: string | undefined, names: readonly string[]): string {
  if (given !== undefined) return given
  const [only, ...others] = names
  if (only !== undefined && others.length === 0) return only
  const known = names.map((name) => JSON.stringify(name)).join(', ')
  throw new UsageError(`expected "--connection" with one of ${known}`)
}

function textOrNothing(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function parseJobText(text: string): Mail<string> {
  try {
    // What is inside is checked by the producer, and the worker checks it again.
    return JSON.parse(text)
  } catch {
    // The parser's own error quotes the text, and with it somebody's mail.
    throw new InvalidJobTextError()
  }
}
