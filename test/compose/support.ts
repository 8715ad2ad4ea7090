import PostalMime, { type Email } from 'postal-mime'

import { createJob } from '../../src/job/create-job.ts'
import type { MessageInput } from '../../src/job/message-input.ts'
import type { ComposedMail } from '../../src/job/send-mail.ts'
import type { SendMailJob } from '../../src/job/send-mail-job.ts'
import { composeMessage, type ComposeOptions } from '../../src/worker/compose.ts'

export const NOW = new Date('2027-01-31T08:00:00Z')

/** A message as the queue gives it to a worker. */
export function jobOf(message: MessageInput, mail: Partial<ComposedMail> = {}): SendMailJob {
  const complete = { from: 'ann@example.com', to: 'bob@example.com', ...message }
  const { job } = createJob({ connection: 'relay', message: complete, ...mail }, { now: NOW })
  const stored: SendMailJob = JSON.parse(JSON.stringify(job))
  return stored
}

/** What a reader sees who knows nothing of Mailroom. */
export async function received(message: MessageInput, options?: ComposeOptions): Promise<Email> {
  const { bytes } = await composed(jobOf(message), options)
  return PostalMime.parse(bytes)
}

/** The bytes as text, one character each. */
export async function source(message: MessageInput, options?: ComposeOptions): Promise<string> {
  const { bytes } = await composed(jobOf(message), options)
  return bytes.toString('latin1')
}

/** The value of a header, unfolded but not decoded. */
export function rawHeader(text: string, name: string): string | undefined {
  const [head = ''] = text.split('\r\n\r\n')
  const lines = head.replaceAll(/\r\n(?=[ \t])/g, '').split('\r\n')
  return lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2)
}

export function headerOf({ headers }: Email, name: string): string | undefined {
  return headers.find(({ key }) => key === name)?.value
}

/** A message that is whole in memory, as all are without content beside the queue. */
export async function composed(job: SendMailJob, options?: ComposeOptions) {
  const { body, ...rest } = await composeMessage(job, options)
  if (!Buffer.isBuffer(body)) throw new Error('expected a message in one piece')
  return { ...rest, bytes: body }
}
