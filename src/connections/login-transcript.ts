import type { Stage } from '../smtp/stage.ts'
import { withoutTokens } from './hide-secrets.ts'

/** What was said in a login so far, a line each: `C:` is us, `S:` the server. */
export interface LoginTranscript {
  readonly lines: readonly string[]
  /** Commands reach it as nodemailer's log has them; of a login only the mechanism is kept. */
  readonly client: (command: string, stage: Stage) => void
  /** All lines of a reply. */
  readonly server: (reply: string, stage: Stage) => void
}

/** A login says some twenty lines; whoever goes on for ever is not listened to. */
const MAX_LINES = 60
const MAX_LINE_LENGTH = 300

/**
 * Makes the transcript of one login, which holds neither a secret nor a mailbox's address: it is for
 * operators and for logs. `hide` takes the secrets out of what the server says back.
 */
export function createLoginTranscript(hide: (text: string) => string): LoginTranscript {
  const lines: string[] = []
  const add = (who: string, line: string): void => {
    if (lines.length < MAX_LINES) lines.push(`${who} ${line.slice(0, MAX_LINE_LENGTH)}`)
  }
  return {
    lines,
    client: (command, stage) => add('C:', stage === 'auth' ? withoutSecret(command) : command),
    server: (reply, stage) => {
      for (const line of reply.split(/\r?\n/)) {
        add('S:', stage === 'auth' ? withoutToken(hide(line)) : withoutMailbox(hide(line)))
      }
    },
  }
}

/** `AUTH PLAIN …`; whatever answers a challenge is a secret as a whole. */
function withoutSecret(command: string): string {
  const [mechanism] = /^AUTH [\w-]+/i.exec(command) ?? []
  if (mechanism === undefined) return '…'
  return mechanism.length === command.length ? mechanism : `${mechanism} …`
}

/** A challenge is for the machine; and so is whatever looks as if it were encoded. */
function withoutToken(line: string): string {
  if (line.startsWith('334')) return '334 …'
  return withoutTokens(withoutMailbox(line))
}

/** The line with nothing of an address but its domain. */
export function withoutMailbox(line: string): string {
  return line.replaceAll(/[^\s<>"'()[\]:;,]+@/gu, '…@')
}
