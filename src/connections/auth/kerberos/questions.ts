import type { KerberosAnswer } from './messages.ts'

/** What one process was asked and has not answered yet, and the logins that ask. */
export interface Questions {
  readonly areOpen: boolean
  /** Whether a login goes on that has asked something. */
  readonly haveLogins: boolean
  /** Whether a login ended without its answer: it may never come, and nobody waits for it. */
  readonly wereGivenUp: boolean
  /** `send` gets the number of the question. Never rejects. */
  ask(login: AbortSignal, send: (id: number) => void): Promise<KerberosAnswer>
  answer(id: number, answer: KerberosAnswer): void
  /** Answers them all: the process has ended. */
  end(): void
}

interface Question {
  readonly login: AbortSignal
  readonly resolve: (answer: KerberosAnswer) => void
}

const ENDED: KerberosAnswer = { kind: 'ended' }

/** Makes the list of one process; `onLeft` is told when a login has ended. */
export function createQuestions(onLeft: () => void): Questions {
  const open = new Map<number, Question>()
  const logins = new Set<AbortSignal>()
  let asked = 0
  let wereGivenUp = false

  const leave = (login: AbortSignal): void => {
    logins.delete(login)
    const theirs = [...open].filter(([, question]) => question.login === login)
    for (const [id, { resolve }] of theirs) {
      open.delete(id)
      wereGivenUp = true
      resolve(ENDED)
    }
    onLeft()
  }
  return {
    get areOpen() {
      return open.size > 0
    },
    get haveLogins() {
      return logins.size > 0
    },
    get wereGivenUp() {
      return wereGivenUp
    },
    ask: (login, send) =>
      new Promise((resolve) => {
        if (!logins.has(login)) login.addEventListener('abort', () => leave(login), { once: true })
        logins.add(login)
        const id = asked++
        open.set(id, { login, resolve })
        send(id)
      }),
    answer: (id, answer) => {
      open.get(id)?.resolve(answer)
      open.delete(id)
    },
    end: () => {
      for (const { resolve } of open.values()) resolve(ENDED)
      open.clear()
    },
  }
}
