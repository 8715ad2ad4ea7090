import type { Stage } from '../smtp/stage.ts'
import type { LoginTrail } from './login-trail.ts'
import { createLoginTranscript } from './login-transcript.ts'

/** What a login waits for; its name in `timeouts` says how long. */
export type LoginStep = 'tls' | 'greeting' | 'ehlo' | 'auth'

/** How far a login has come, for faults and time-outs. */
export interface LoginProgress {
  readonly stage: Stage
  /** Who said what so far; without secrets and addresses. */
  readonly said: readonly string[]
  /** Is told what happens; absent when nobody looks. */
  readonly trail: LoginTrail | undefined
  /** Takes secrets out of what the server said. */
  readonly hide: (text: string) => string
  /** To be given to nodemailer, together with `transactionLog`. */
  readonly logger: { readonly debug: (entry: LogEntry, message?: string) => void }
  /** The TLS handshake begins at once (`tls: "implicit"`). */
  readonly beginHandshake: () => void
  /** EHLO is answered, and the login begins, perhaps with something that is no word to the server. */
  readonly beginAuth: () => void
}

/** The part of nodemailer's log entries that tells steps apart. */
interface LogEntry {
  readonly tnx?: string
  readonly remotePort?: number
}

export interface LoginProgressHooks {
  /** A step with a time of its own begins. */
  readonly onStep: (step: LoginStep) => void
  /** Is told what happens; nobody by default. */
  readonly trail?: LoginTrail | undefined
}

/**
 * Follows nodemailer through a login by its log: nothing else of it tells the exact stage.
 *
 * Commands reach its log with their secrets masked; only their first word is looked at, and kept.
 */
export function followLogin(
  hide: (text: string) => string,
  { onStep, trail }: LoginProgressHooks,
): LoginProgress {
  let stage: Stage = 'connect'
  const transcript = createLoginTranscript(hide)

  const enter = (next: Stage, step: LoginStep) => {
    stage = next
    trail?.enter(next)
    onStep(step)
  }
  const onCommand = (command: string) => {
    if (command.startsWith('EHLO') || command.startsWith('HELO')) enter('ehlo', 'ehlo')
    else if (command.startsWith('STARTTLS')) enter('starttls', 'ehlo')
    else enter('auth', 'auth')
    trail?.say(command)
    transcript.client(command, stage)
  }

  return {
    get stage() {
      return stage
    },
    said: transcript.lines,
    trail,
    hide,
    logger: {
      debug: ({ tnx, remotePort }, message = '') => {
        if (tnx === 'server') {
          transcript.server(message, stage)
          trail?.hear(message, stage)
        }
        if (tnx === 'client') onCommand(message)
        // The reply to STARTTLS, after which the handshake begins if it was a good one.
        else if (tnx === 'server' && stage === 'starttls') enter('starttls', 'tls')
        else if (tnx === 'network' && remotePort !== undefined) enter('greeting', 'greeting')
      },
    },
    beginHandshake: () => enter('tls', 'tls'),
    beginAuth: () => enter('auth', 'auth'),
  }
}
