import type { ConnectionManager } from '../connections/connection-manager.ts'
import { isFromAllowed } from '../connections/from-domains.ts'
import type { SendMailJob } from '../job/send-mail.ts'

type Sender = Pick<ConnectionManager, 'from' | 'fromDomains'>

/**
 * The address that a message would come from through a manager; undefined when neither names one. Of
 * a raw message nobody reads the headers any more: its envelope's sender counts.
 */
export function authorOf({ message, envelope }: SendMailJob, { from }: Sender): string | undefined {
  if (message === undefined) return envelope.from ?? from?.address
  return (message.from ?? from)?.address
}

/** Whether a manager may carry a message: it has an author, of a domain that is allowed there. */
export function mayCarry(manager: Sender, job: SendMailJob): boolean {
  const author = authorOf(job, manager)
  return author !== undefined && isFromAllowed(manager.fromDomains, author)
}
