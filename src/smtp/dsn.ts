import * as z from 'zod'

import { isAscii } from './address-syntax.ts'

/** Of what a server may send reports (RFC 3461 §4.1), in the order in which they are written. */
export const DSN_EVENTS = ['success', 'failure', 'delay'] as const

/** What a message asks of servers about delivery status notifications (RFC 3461). */
export interface DsnRequest {
  /** Of what the sender wants to hear; absent for what the server does unasked. */
  readonly notify?: 'never' | readonly (typeof DSN_EVENTS)[number][] | undefined
  /** How much of the message a report of a failure gives back; absent: the server chooses. */
  readonly return?: 'headers' | 'full' | undefined
  /** What reports name the message by; the message's id when absent. */
  readonly envelopeId?: string | undefined
  /** Without DSN it is not sent at all; absent: it is sent, and nobody is asked for reports. */
  readonly required?: boolean | undefined
}

/** RFC 3461 §4.4, in the form in which it travels. */
const MAX_ENVELOPE_ID = 100
/** RFC 3461 §4.2. */
const MAX_ORIGINAL_RECIPIENT = 500

const EXPECTED_EVENTS = 'expected "never", or some of "success", "failure" and "delay" in an array'

const envelopeIdSchema = z
  .string()
  .regex(/^[ -~]+$/, 'expected ASCII letters, digits, signs and spaces')
  .refine(
    (id) => toXtext(id).length <= MAX_ENVELOPE_ID,
    `expected at most ${MAX_ENVELOPE_ID} characters, where "+", "=" and spaces count three`,
  )

/** A request as it is written down. */
export const dsnRequestSchema = z
  .strictObject({
    notify: z
      .union([z.literal('never'), z.array(z.enum(DSN_EVENTS)).min(1).readonly()], {
        error: EXPECTED_EVENTS,
      })
      .transform((asked) =>
        asked === 'never' ? asked : DSN_EVENTS.filter((event) => asked.includes(event)),
      )
      .optional()
      .describe('"never", or of what reports are wanted: "success", "failure", "delay"'),
    return: z
      .enum(['headers', 'full'])
      .optional()
      .describe('How much of the message a report of a failure gives back'),
    envelopeId: envelopeIdSchema
      .optional()
      .describe("What reports name the message by; the message's id by default"),
    required: z
      .boolean()
      .optional()
      .describe('Refuses the message where a server does not offer DSN; false by default'),
  })
  .transform(({ notify, return: back, envelopeId, required }): KeptDsnRequest => {
    return {
      ...(notify !== undefined && { notify }),
      ...(back !== undefined && { return: back }),
      ...(envelopeId !== undefined && { envelopeId }),
      ...(required === true && { required }),
    }
  })

/** A request as it is kept with a job: in one form, so that two which ask for the same are alike. */
export interface KeptDsnRequest {
  readonly notify?: 'never' | readonly (typeof DSN_EVENTS)[number][]
  readonly return?: 'headers' | 'full'
  readonly envelopeId?: string
  readonly required?: true
}

/** What is accepted of a request from the queue. */
export const keptDsnRequestSchema: z.ZodType<KeptDsnRequest> = z.strictObject({
  notify: z
    .union([z.literal('never'), z.array(z.enum(DSN_EVENTS)).min(1).readonly()])
    .exactOptional(),
  return: z.enum(['headers', 'full']).exactOptional(),
  envelopeId: envelopeIdSchema.exactOptional(),
  required: z.literal(true).exactOptional(),
})

/** What MAIL FROM says of it, with a space before each parameter. */
export function dsnOfMail({ return: back, envelopeId }: DsnRequest): string {
  const ret = back === undefined ? '' : ` RET=${back === 'full' ? 'FULL' : 'HDRS'}`
  return envelopeId === undefined ? ret : `${ret} ENVID=${toXtext(envelopeId)}`
}

/** What RCPT TO says of it for the recipient `address`, with a space before each parameter. */
export function dsnOfRecipient({ notify }: DsnRequest, address: string): string {
  const events = notify === 'never' ? ['never'] : (notify ?? [])
  const wanted = events.length === 0 ? '' : ` NOTIFY=${events.join(',').toUpperCase()}`
  const original = originalRecipient(address)
  return original.length > MAX_ORIGINAL_RECIPIENT ? wanted : `${wanted} ORCPT=${original}`
}

/** A recipient as reports name it, whatever becomes of its address on the way (RFC 6533 §3). */
export function originalRecipient(address: string): string {
  return isAscii(address) ? `rfc822;${toXtext(address)}` : `utf-8;${toUnicodeXtext(address)}`
}

/** RFC 3461 §4: what could end a parameter becomes its code. */
function toXtext(text: string): string {
  return text.replaceAll(/[^!-*,-<>-~]/g, (sign) => `+${hexOf(sign).padStart(2, '0')}`)
}

/** RFC 6533 §3: as xtext has it, for addresses that ASCII cannot write. */
function toUnicodeXtext(text: string): string {
  return text.replaceAll(/[^!-*,-<>-[\]-~]/gu, (sign) => `\\x{${hexOf(sign)}}`)
}

function hexOf(sign: string): string {
  return (sign.codePointAt(0) ?? 0).toString(16).toUpperCase()
}
