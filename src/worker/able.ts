import { composeEnvelope, type Server } from '../connections/envelope-commands.ts'
import type { ConnectionManager } from '../connections/connection-manager.ts'
import type { SegmentedBody } from '../connections/message-body.ts'
import type { Placed } from '../job/content-ref.ts'
import type { SendMailJob } from '../job/send-mail.ts'
import { isAscii } from '../smtp/address-syntax.ts'
import { toEnvelopeAddress, type Mailbox } from '../smtp/address.ts'

/**
 * Whether a server offers everything that a message needs, for all of its recipients, as far as its job
 * tells: the message is not composed yet, and has at least the size of its content.
 */
export function isAble(
  server: Server,
  { from: lent, redirectAll }: Pick<ConnectionManager, 'from' | 'redirectAll'>,
  job: SendMailJob,
): boolean {
  const from = job.message?.from ?? lent
  const envelope = {
    from: job.envelope.from ?? (from === undefined ? '' : toEnvelopeAddress(from)),
    to: redirectAll === undefined ? job.envelope.to : [toEnvelopeAddress(redirectAll)],
    dsn: job.dsn,
    requireTls: job.requireTls,
  }
  return composeEnvelope(envelope, outlineOf(job, from), server).kind === 'commands'
}

/** What is known of a message's bytes before there are any. */
function outlineOf({ message, raw }: SendMailJob, from: Mailbox | undefined): SegmentedBody {
  if (raw !== undefined) {
    const { eightBit } = raw
    return { bytes: decodedLength(raw), ...(eightBit && { eightBit }), segments: [] }
  }
  const { sender, to = [], cc = [], replyTo = [], attachments = [] } = message
  const named = [from, sender, ...to, ...cc, ...replyTo].filter((mailbox) => mailbox !== undefined)
  const bytes = attachments.reduce((sum, file) => sum + encodedLength(file), 0)
  // Names and texts are encoded; an address before the at sign cannot be.
  const isPlain = named.every((mailbox) => isAscii(toEnvelopeAddress(mailbox)))
  return { bytes, ...(!isPlain && { eightBit: 'headers' as const }), segments: [] }
}

function decodedLength({ content, ref }: Placed): number {
  return ref === undefined ? Buffer.byteLength(content, 'base64') : ref.bytes
}

function encodedLength({ content, ref }: Placed): number {
  return ref === undefined ? content.length : Math.ceil(ref.bytes / 3) * 4
}
