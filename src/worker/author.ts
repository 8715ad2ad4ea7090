import type { ConnectionManager } from '../connections/connection-manager.ts'
import { isFromAllowed } from '../connections/from-domains.ts'
import type { SendMailJob } from '../job/send-mail.ts'

type Sender = Pick<ConnectionManager, 'from' | 'fromDomains'>

/**
 * Whether a manager lets messages of these authors through. Of a raw message all domains in its From
 * header must be allowed; one that does not say whose it is passes only where nothing is asked.
 */
export function isAuthorAllowed(
  { from, fromDomains }: Sender,
  { message, raw }: SendMailJob,
): boolean {
  if (fromDomains === undefined) return true
  if (raw !== undefined) {
    const { authorDomains = [] } = raw
    return authorDomains.length > 0 && authorDomains.every((one) => isFromAllowed(fromDomains, one))
  }
  const author = (message.from ?? from)?.address
  return author === undefined || isFromAllowed(fromDomains, author)
}

/** Whether a manager may carry a message: it has a sender, and authors that are allowed there. */
export function mayCarry(manager: Sender, job: SendMailJob): boolean {
  const { message, envelope } = job
  const { from } = manager
  const sender = message === undefined ? (envelope.from ?? from) : (message.from ?? from)
  return sender !== undefined && isAuthorAllowed(manager, job)
}
