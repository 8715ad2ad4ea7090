import { domainOf, toEnvelopeAddress } from '../smtp/address.ts'
import type { Attachment } from './attachment-input.ts'
import type { JobIssue } from './job-issue.ts'
import { MAX_RECIPIENTS } from './limits.ts'
import type { ParsedSendMail } from './send-mail.ts'
import type { JobMessage, SendMailJob } from './send-mail-job.ts'

type ParsedMessage = NonNullable<ParsedSendMail['message']>

/**
 * Who the message goes to: the caller's envelope, else the author and everybody in to, cc and bcc.
 *
 * A recipient who is named twice gets one message; domains do not differ by case.
 */
export function envelopeOf({ message, envelope }: ParsedSendMail): SendMailJob['envelope'] {
  const from = envelope?.from ?? message?.from
  const { to = [], cc = [], bcc = [] } = message ?? {}
  const recipients = envelope?.to?.length ? envelope.to : [...to, ...cc, ...bcc]
  const byKey = new Map<string, string>()
  for (const mailbox of recipients) {
    const address = toEnvelopeAddress(mailbox)
    const domain = domainOf(address)
    const key = address.slice(0, address.length - domain.length) + domain.toLowerCase()
    if (!byKey.has(key)) byKey.set(key, address)
  }
  return {
    ...(from === undefined ? {} : { from: from.address === '' ? '' : toEnvelopeAddress(from) }),
    to: [...byKey.values()],
  }
}

/** What is wrong with an envelope as a whole. */
export function findEnvelopeIssues({ to }: SendMailJob['envelope']): readonly JobIssue[] {
  if (to.length <= MAX_RECIPIENTS) return []
  const problem = `expected at most ${MAX_RECIPIENTS} recipients, got ${to.length}: send several messages`
  return [{ path: 'message', problem }]
}

/** The message without bcc and without what is empty, its properties in one order. */
export function messageOf(message: ParsedMessage, attachments: readonly Attachment[]): JobMessage {
  const { from, sender, to, cc, replyTo, subject, text, html } = message
  const { headers, priority = 'Normal', inReplyTo, references, date } = message
  return {
    ...(from && { from }),
    ...(sender && { sender }),
    ...(to?.length && { to }),
    ...(cc?.length && { cc }),
    ...(replyTo?.length && { replyTo }),
    ...(subject && { subject }),
    ...(text && { text }),
    ...(html && { html }),
    ...(attachments.length > 0 && { attachments }),
    ...(headers?.length && { headers }),
    priority,
    ...(inReplyTo && { inReplyTo }),
    ...(references?.length && { references }),
    ...(date !== undefined && { date }),
  }
}
