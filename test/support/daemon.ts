import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** How a server program of this machine is started. */
export interface Program {
  readonly command: string
  /** What the environment needs beyond our own, such as the folder of its libraries. */
  readonly env: Readonly<Record<string, string>>
}

export interface DaemonOptions {
  readonly program: Program
  readonly args: readonly string[]
  readonly port: number
  readonly cwd: string
  /** The user and group to run as; our own by default. */
  readonly uid?: number
  readonly gid?: number
}

/** A server process of a test: up when handed out, and ended by its id. */
export interface Daemon {
  readonly pid: number
  /** Ends it with `signal`, SIGTERM by default, and waits until it is gone. */
  end(signal?: NodeJS.Signals): Promise<void>
}

/** On a machine that others use too, all takes ten times as long. */
const START_WITHIN_MS = 120_000

/** Starts a server in the foreground and waits until its port answers. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { program, args, port, cwd, uid, gid } = options
  const child = spawn(program.command, args, {
    cwd,
    env: { ...process.env, ...program.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  })
  const output: string[] = []
  child.stdout.on('data', (chunk: Buffer) => keep(output, chunk))
  child.stderr.on('data', (chunk: Buffer) => keep(output, chunk))
  let failure: Error | undefined
  child.on('error', (error) => (failure = error))
  const killAtExit = (): void => void child.kill('SIGKILL')
  process.once('exit', killAtExit)
  child.once('exit', () => process.off('exit', killAtExit))

  const deadline = Date.now() + START_WITHIN_MS
  while (!(await answers(port))) {
    const reason = failure?.message ?? (hasEnded(child) ? 'it ended' : undefined)
    if (reason === undefined && Date.now() < deadline) {
      await sleep(20)
      continue
    }
    child.kill('SIGKILL')
    throw new Error(
      `"${program.command}" did not come up on port ${port}: ${reason ?? 'no answer in time'}\n${output.join('')}`,
    )
  }
  if (child.pid === undefined) throw new Error(`"${program.command}" has no process id`)
  return { pid: child.pid, end: (signal = 'SIGTERM') => end(child, signal) }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (hasEnded(child)) return
  const gone = once(child, 'exit')
  child.kill(signal)
  const hard = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await gone
  clearTimeout(hard)
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

function keep(output: string[], chunk: Buffer): void {
  output.push(chunk.toString())
  if (output.length > 50) output.shift()
}

/** Whether anybody accepts connections on `port` of 127.0.0.1. */
async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
