import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** A program of `programs/`, as a process of its own. */
export interface Child<Message> extends AsyncDisposable {
  readonly pid: number
  readonly hasEnded: boolean
  /** Its exit code, or the signal that ended it. */
  readonly ending: number | NodeJS.Signals | null
  /** What it last wrote to its standard error. */
  readonly complaint: string
  tell(message: object): void
  hear(listener: (message: Message) => void): void
  signal(signal: NodeJS.Signals): void
  ended(): Promise<void>
  /** Ends it at once, and waits until it has gone. */
  kill(): Promise<void>
}

const MAX_COMPLAINT = 4_000
/** Many of them are started: what Node makes of the sources is kept for the next. */
const COMPILED = { NODE_COMPILE_CACHE: join(import.meta.dirname, '../../.cache/compiled') }

export function startChild<Message>(program: string, options: object): Child<Message> {
  const child: ChildProcess = fork(
    join(import.meta.dirname, 'programs', program),
    [JSON.stringify(options)],
    { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], env: { ...process.env, ...COMPILED } },
  )
  const gone = once(child, 'exit')
  let complaint = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString()).slice(-MAX_COMPLAINT)
  })
  // A message to a process that was just killed is nobody's.
  child.on('error', () => undefined)
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null
  const kill = async (): Promise<void> => {
    if (hasEnded()) return
    child.kill('SIGKILL')
    await gone
  }
  if (child.pid === undefined) throw new Error(`"${program}" could not be started`)
  return {
    pid: child.pid,
    get hasEnded() {
      return hasEnded()
    },
    get ending() {
      return child.exitCode ?? child.signalCode
    },
    get complaint() {
      return complaint
    },
    tell: (message) => {
      if (child.connected) child.send(message)
    },
    hear: (listener) => void child.on('message', (message) => listener(message as Message)),
    signal: (signal) => void child.kill(signal),
    ended: async () => void (await gone),
    kill,
    [Symbol.asyncDispose]: kill,
  }
}
