import { formatDuration } from '../duration.ts'
import type { Fault } from '../smtp/fault.ts'
import type { Reply } from '../smtp/reply.ts'
import { composeEnvelope } from './envelope-commands.ts'
import { masked, textOf } from './transcript.ts'
import type { Wire } from './wire.ts'

/** A sender, and perhaps recipients, as RFC 5321 has addresses. */
export interface TriedEnvelope {
  readonly from: string
  readonly to?: readonly string[]
}

/** What came of one command of an envelope; without a fault the server agrees. */
export interface TrialStep {
  readonly stage: 'mail' | 'rcpt'
  /** Which of several recipients it asks about; the first is 1. */
  readonly recipient?: number
  readonly ms: number
  readonly fault?: Fault
}

/**
 * What a server says to an envelope; in nothing of it stands who the mailboxes of the envelope belong
 * to, unless that is a word which names nobody.
 */
export interface EnvelopeTrial {
  /** MAIL, then RCPT for each recipient, up to what ended it. */
  readonly steps: readonly TrialStep[]
  /** Who said what, a line each. */
  readonly conversation: readonly string[]
}

/**
 * Asks the server whether it would take mail of this sender to these recipients, and takes it back
 * with RSET: DATA is never said, so that nobody gets anything.
 *
 * Commands leave one by one, so that each has its time-out and its answer. Never rejects.
 */
export async function tryEnvelope(
  wire: Wire,
  { from, to = [] }: TriedEnvelope,
  signal: AbortSignal | undefined,
): Promise<EnvelopeTrial> {
  // Of a sender alone only MAIL is said; the commands are made of whole envelopes.
  const whole = { from, to: to.length === 0 ? [from] : to }
  const commands = composeEnvelope(whole, Buffer.alloc(0), wire, ['SIZE'])
  if (commands.kind === 'unsupported') {
    const { lacks, detail } = commands
    const fault: Fault = { kind: 'unsupported', stage: 'mail', detail, lacks }
    return { steps: [{ stage: 'mail', ms: 0, fault }], conversation: [`* unsupported: ${detail}`] }
  }
  const hideAddresses = hiderOf(addressForms([from, ...to]))
  const hideNames = hiderOf(nameForms([from, ...to]))
  const hide = (text: string): string => hideNames(hideAddresses(text))
  const steps: TrialStep[] = []
  const conversation: string[] = []
  const say = async (
    { stage, recipient }: Pick<TrialStep, 'stage' | 'recipient'>,
    command: string,
  ): Promise<Fault | undefined> => {
    const begun = performance.now()
    conversation.push(`C: ${hideAddresses(command.trimEnd())}`)
    const answer = await ask(wire, command, { stage, timeoutMs: wire.timeouts[stage], signal })
    const { fault, said } = read(answer, stage, hide)
    conversation.push(said)
    const which = recipient === undefined ? {} : { recipient }
    const ms = Math.round(performance.now() - begun)
    steps.push({ stage, ...which, ms, ...(fault && { fault }) })
    return fault
  }
  wire.transactions++
  const refused = await say({ stage: 'mail' }, commands.mail)
  const recipients = refused === undefined && to.length > 0 ? commands.recipients : []
  for (const [index, command] of recipients.entries()) {
    const which = to.length > 1 ? { recipient: index + 1 } : {}
    // One recipient that is refused says nothing of the next.
    if (wire.end === undefined) await say({ stage: 'rcpt', ...which }, command)
  }
  const reset = { stage: 'rcpt', timeoutMs: wire.timeouts.rcpt, signal } as const
  if (wire.end === undefined) await ask(wire, 'RSET\r\n', reset)
  return { steps, conversation }
}

/** A fault that is no answer. */
type Silence = Extract<Fault, { readonly detail: string }>

interface Asking {
  readonly stage: TrialStep['stage']
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
}

/** Says one command and waits for its answer, or for whatever keeps it from coming. */
function ask(
  wire: Wire,
  command: string,
  { stage, timeoutMs, signal }: Asking,
): Promise<Reply | Silence> {
  return new Promise((resolve) => {
    const end = (answer: Reply | Silence): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      wire.detach()
      resolve(answer)
    }
    const giveUp = (fault: Silence): void => {
      end(fault)
      wire.destroy()
    }
    const onAbort = (): void => giveUp({ kind: 'aborted', stage, detail: 'ended from our side' })
    const timer = setTimeout(() => {
      const detail = `nothing came for ${formatDuration(timeoutMs)} (timeouts.${stage})`
      giveUp({ kind: 'timeout', stage, detail })
    }, timeoutMs)
    if (wire.end !== undefined) {
      end({ ...wire.end, stage })
      return
    }
    if (signal?.aborted === true) {
      onAbort()
      return
    }
    signal?.addEventListener('abort', onAbort)
    wire.attach({
      onReply: end,
      onEnd: ({ kind, detail }) => end({ kind, stage, detail }),
      onDrain: () => {},
    })
    wire.write(command)
  })
}

/** What an answer means, and the line about it. */
function read(
  answer: Reply | Silence,
  stage: TrialStep['stage'],
  hide: (text: string) => string,
): { readonly fault?: Fault; readonly said: string } {
  if (!('code' in answer)) {
    return { fault: answer, said: `* ${answer.kind}: ${answer.detail}` }
  }
  const reply = { ...answer, text: hide(answer.text) }
  const said = `S: ${textOf(reply)}`
  if (reply.code >= 200 && reply.code < 300) return { said }
  if (reply.code >= 400) return { fault: { kind: 'reply', stage, reply }, said }
  const detail = `the server answered ${reply.code}`
  return { fault: { kind: 'protocol', stage, detail }, said }
}

interface Form {
  readonly form: RegExp
  readonly shown: string
}

/** In whatever case the server says them. */
function addressForms(addresses: readonly string[]): readonly Form[] {
  return addresses
    .filter((address) => address !== '')
    .map((address) => ({ form: new RegExp(escaped(address), 'gi'), shown: masked(address) }))
}

/** Replies are made of these: taken out they would not be understood, and they name nobody. */
const NOBODY =
  /^(?:a|account|address|app|authentication|denied|domain|host|mail|mailbox|message|no|not|policy|postmaster|recipient|rejected|relay|sender|server|spam|support|system|tls|unknown|user)$/i

/** The part of each that names somebody, as a word of its own. */
function nameForms(addresses: readonly string[]): readonly Form[] {
  return addresses
    .map((address) => address.slice(0, Math.max(0, address.lastIndexOf('@'))))
    .filter((name) => name !== '' && !NOBODY.test(name))
    .map((name) => ({
      form: new RegExp(`(?<![\\p{L}\\p{N}])${escaped(name)}(?![\\p{L}\\p{N}])`, 'giu'),
      shown: '…',
    }))
}

function hiderOf(forms: readonly Form[]): (text: string) => string {
  return (text) => forms.reduce((left, { form, shown }) => left.replace(form, () => shown), text)
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`)
}
