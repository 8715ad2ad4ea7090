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
  readonly ms: number
  readonly fault?: Fault
}

/** What a server says to an envelope; in nothing of it stands a mailbox of the envelope. */
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
  const hide = hiderOf([from, ...to])
  const steps: TrialStep[] = []
  const conversation: string[] = []
  const say = async (stage: TrialStep['stage'], command: string): Promise<Fault | undefined> => {
    const begun = performance.now()
    conversation.push(`C: ${hide(command.trimEnd())}`)
    const answer = await ask(wire, command, { stage, timeoutMs: wire.timeouts[stage], signal })
    const { fault, said } = read(answer, stage, hide)
    conversation.push(said)
    steps.push({ stage, ms: Math.round(performance.now() - begun), ...(fault && { fault }) })
    return fault
  }
  wire.transactions++
  const refused = await say('mail', commands.mail)
  for (const command of refused === undefined && to.length > 0 ? commands.recipients : []) {
    // One recipient that is refused says nothing of the next.
    if (wire.end === undefined) await say('rcpt', command)
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

/** Takes the part of each address out that names somebody, in whatever case the server says it. */
function hiderOf(addresses: readonly string[]): (text: string) => string {
  const forms = addresses
    .filter((address) => address !== '')
    .map((address) => ({
      form: new RegExp(address.replace(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`), 'gi'),
      shown: masked(address),
    }))
  return (text) => forms.reduce((left, { form, shown }) => left.replace(form, () => shown), text)
}
