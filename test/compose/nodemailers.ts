import { createTransport } from 'nodemailer'

import type { MessageInput } from '../../src/job/message-input.ts'

/** The same message as nodemailer builds it, asked for the same things in its own words. */
export async function builtByNodemailer(
  { priority = 'Normal', attachments = [], ...message }: MessageInput,
  messageId: string,
): Promise<Buffer> {
  const transport = createTransport({ streamTransport: true, buffer: true, newline: 'windows' })
  const { message: bytes } = await transport.sendMail({
    ...(message as object),
    // Its SMTP transports leave that header out, the one without a server does not.
    bcc: [],
    messageId,
    priority: PRIORITIES[priority],
    attachments: attachments.map(({ content = '', contentType, cid, filename }) => ({
      content: typeof content === 'string' ? content : Buffer.from(content),
      // It makes up a name where there is none.
      filename: filename ?? false,
      ...(contentType !== undefined && { contentType }),
      ...(cid !== undefined && { cid }),
      contentDisposition: cid === undefined ? ('attachment' as const) : ('inline' as const),
    })),
  })
  return Buffer.from(bytes as Uint8Array)
}

const PRIORITIES = {
  High: 'high',
  high: 'high',
  Normal: 'normal',
  normal: 'normal',
  Low: 'low',
  low: 'low',
} as const
