import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

import type { KerberosAnswer, KerberosRequest, Numbered } from './messages.ts'
import { createQuestions } from './questions.ts'

/** Who logs in by Kerberos, as far as the library has to know it before it starts. */
export interface KerberosIdentity {
  /** Differs when another keytab, other keys in it or another account are meant. */
  readonly name: string
  /** The path of the keytab; without it the library looks where this process was told to. */
  readonly keytab: string | undefined
}

/** The process of one identity. */
export interface Helper {
  /** Never rejects. `login` is that of one login: when it aborts, its questions are given up. */
  readonly ask: (request: KerberosRequest, login: AbortSignal) => Promise<KerberosAnswer>
  /** Ends it at once, whatever it waits for; resolves when it is gone, or hangs in the kernel. */
  readonly end: () => Promise<void>
}

/** Who is told of its end. */
interface HelperEvents {
  /** It is to get no new logins. */
  readonly onSpent: () => void
  readonly onGone: () => void
}

const PROGRAM = fileURLToPath(
  new URL(`identity-process${path.extname(import.meta.url)}`, import.meta.url),
)

/** Longer than between the logins of a manager that has much to do. */
const IDLE_MS = 10 * 60_000
/** One that was killed is gone at once, unless it hangs in the kernel, as over a file system that does. */
const GONE_MS = 2_000

/**
 * Starts the process of `identity`; it ends with this one, or when nobody has asked for a while.
 *
 * Nothing gets an answer out of a library that waits for its KDC, and it may wait longer than any
 * login: once a question was given up, the process is spent. It gets no new logins from then on,
 * and ends with the last of those that it has.
 */
export function startHelper(identity: KerberosIdentity, events: HelperEvents): Helper {
  const { onSpent, onGone } = events
  const child = startProcess(identity)
  if (child === undefined) return neverStarted(events)
  const gone = once(child, 'exit').then(onGone, onGone)
  let isOver = false
  let idle: NodeJS.Timeout | undefined

  const end = (): void => {
    if (isOver) return
    isOver = true
    onSpent()
    clearTimeout(idle)
    questions.end()
    child.kill('SIGKILL')
  }
  /** While somebody waits, neither process ends; the other one stays for a while afterwards. */
  const keepAlive = (): void => {
    clearTimeout(idle)
    if (isOver) return
    if (questions.areOpen) {
      child.channel?.ref()
      return
    }
    child.channel?.unref()
    idle = setTimeout(end, IDLE_MS).unref()
  }
  const questions = createQuestions(() => {
    if (questions.wereGivenUp) onSpent()
    if (questions.wereGivenUp && !questions.haveLogins) end()
    else keepAlive()
  })

  child.unref()
  child.on('message', ({ id, ...answer }: Numbered<KerberosAnswer>) => {
    questions.answer(id, answer)
    keepAlive()
  })
  child.on('error', end)
  void gone.then(end)
  return {
    ask: async (request, login) => {
      if (isOver || login.aborted) return { kind: 'ended' }
      return questions.ask(login, (id) => {
        keepAlive()
        // Without descriptors for it there is a child, which has no channel and no `send`.
        if (child.channel == null) {
          end()
          return
        }
        child.send({ ...request, id } satisfies Numbered<KerberosRequest>, (error) => {
          if (error !== null) end()
        })
      })
    },
    end: async () => {
      end()
      child.ref()
      await Promise.race([gone, delay(GONE_MS, undefined, { ref: false })])
      child.unref()
    },
  }
}

/** Undefined when the system has no memory for it, or does not take what it is started with. */
function startProcess(identity: KerberosIdentity): ChildProcess | undefined {
  try {
    return fork(PROGRAM, placesOf(identity), {
      execArgv: [],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
  } catch {
    return undefined
  }
}

/** One that could not be started: it is gone as soon as whoever started it knows it. */
function neverStarted({ onSpent, onGone }: HelperEvents): Helper {
  queueMicrotask(() => {
    onSpent()
    onGone()
  })
  return { ask: () => Promise.resolve({ kind: 'ended' }), end: () => Promise.resolve() }
}

/** Where the library finds keys, and keeps its tickets. */
function placesOf({ keytab }: KerberosIdentity): readonly string[] {
  return keytab === undefined ? [] : [`FILE:${keytab}`, 'MEMORY:mailroom']
}
