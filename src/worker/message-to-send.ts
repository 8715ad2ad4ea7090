import { sizeOf } from '../connections/message-body.ts'
import type { SendMailJob } from '../job/send-mail.ts'
import type { Settlement } from '../ledger/ledger.ts'
import type { AttemptContext } from './attempt.ts'
import { isAuthorAllowed } from './author.ts'
import { composeMessage, type ComposedMessage } from './compose.ts'
import type { HeldContents } from './contents.ts'
import { NoSenderError } from './errors.ts'

/** A message that is ready to be sent while it is held, or why it is not, as a settlement. */
export type MessageToSend =
  | ({ readonly kind: 'ready'; readonly message: ComposedMessage } & Disposable)
  | ({ readonly kind: 'not-ready'; readonly settlement: Settlement } & Disposable)

/** How long after its content could not be read a message is tried again. */
const AWAY_MS = 5_000

/**
 * Takes a message's content, whole and verified, and composes it: before any SMTP command.
 *
 * Content that is missing or damaged is nobody's fault whom another attempt could help: the message
 * is refused and held for a person. A place of contents that is away costs it no attempt.
 */
export async function prepareMessage(
  job: SendMailJob,
  context: Pick<AttemptContext, 'manager' | 'contents' | 'connection' | 'emit' | 'onStoreFault'>,
): Promise<MessageToSend> {
  if (!isAuthorAllowed(context.manager, job)) {
    const text = `"${context.manager.name}" carries no messages of the domain of its From`
    return notReady(refusal('local.from-not-allowed', text))
  }
  const taken = await context.contents.take(job)
  switch (taken.kind) {
    case 'away':
      context.onStoreFault(taken.error)
      return notReady({ outcomes: [], isAttempt: false, retryInMs: AWAY_MS })
    case 'lost': {
      const { why, sha256 } = taken
      const { connection } = context
      context.emit({ event: 'content-lost', id: job.id, connection, why, sha256 })
      const text = `content ${sha256} of the message is ${why}`
      return notReady(refusal(`local.content-${why}`, text))
    }
    case 'held':
      return compose(job, taken.contents, context)
  }
}

async function compose(
  job: SendMailJob,
  contents: HeldContents,
  { manager }: Pick<AttemptContext, 'manager'>,
): Promise<MessageToSend> {
  using stack = new DisposableStack()
  stack.use(contents)
  try {
    const { from, redirectAll } = manager
    const message = await composeMessage(job, { from, redirectAll, contents: contents.of })
    const bytes = sizeOf(message.body)
    const limit = manager.limits.messageBytes
    if (limit === undefined || bytes <= limit) {
      const held = stack.move()
      return { kind: 'ready', message, [Symbol.dispose]: () => held.dispose() }
    }
    const text = `the message has ${bytes} bytes, "${manager.name}" allows ${limit}`
    return notReady(refusal('local.message-too-large', text))
  } catch (error) {
    if (!(error instanceof NoSenderError)) throw error
    return notReady(refusal('local.no-sender', error.message))
  }
}

function notReady(settlement: Settlement): MessageToSend {
  return { kind: 'not-ready', settlement, [Symbol.dispose]: () => {} }
}

function refusal(rule: string, text: string): Settlement {
  return { outcomes: [], rest: 'refused', isAttempt: false, last: { rule, text } }
}
