import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { TLSSocket } from 'node:tls'

import type { Certificate } from './certificate.ts'
import { portOf } from './port-of.ts'

/** Where a script can answer: commands, the answer to a 334, the first byte of a body, the final dot. */
type Cue =
  | 'GREETING'
  | 'EHLO'
  | 'HELO'
  | 'STARTTLS'
  | 'AUTH'
  | 'CHALLENGE'
  | 'MAIL'
  | 'RCPT'
  | 'DATA'
  | 'BODY'
  | 'DOT'
  | 'RSET'
  | 'QUIT'

/**
 * What the server does: says a text (`\n` stands for CRLF; nothing if it is empty), then perhaps
 * closes, never answers again (`silence`), or reads no more (`deafness`).
 *
 * `pieces` are written as they are, one by one, so that they arrive apart; what is `later` comes when it
 * resolves, and what follows waits for it.
 */
type Answer =
  | string
  | { readonly say?: string; readonly after: 'close' | 'reset' | 'silence' | 'deafness' }
  | { readonly pieces: readonly string[] }
  | { readonly later: Promise<Exclude<Answer, { readonly later: unknown }>> }

/**
 * Answers by cue; a list is used up one by one, and its last one is repeated. `connection` counts from
 * 1 in the order in which they came.
 */
export type Script = Partial<
  Readonly<Record<Cue, Answer | readonly Answer[] | ((line: string, connection: number) => Answer)>>
>

/** A server that follows a script and keeps every byte that it gets. */
export interface ScriptedServer extends AsyncDisposable {
  readonly port: number
  readonly connections: number
  /** Connections that are open now. */
  readonly open: number
  /** The commands of all connections, in order, without the bodies. */
  readonly commands: readonly string[]
  /** Everything that came after a 354, of all connections, with the dots as they were sent. */
  readonly bodies: string
  /** What came at once, of all connections. */
  readonly packets: readonly string[]
  /** How many final dots came. */
  readonly dots: number
  /** Writes to all open connections, unasked. */
  readonly say: (text: string) => void
  readonly closeAll: () => void
  /** Resets all open connections; resolves before anybody can have noticed. */
  readonly resetAll: () => Promise<void>
}

const PIPELINED = '250-scripted\n250-PIPELINING\n250-SIZE 100000000\n250-SMTPUTF8\n250 8BITMIME'
const USUAL: Readonly<Record<Cue, Answer>> = {
  GREETING: '220 scripted ESMTP',
  EHLO: PIPELINED,
  HELO: '250 scripted',
  STARTTLS: '220 go on',
  AUTH: '235 2.7.0 welcome',
  CHALLENGE: '235 2.7.0 welcome',
  MAIL: '250 2.1.0 sender ok',
  RCPT: '250 2.1.5 recipient ok',
  DATA: '354 go on',
  BODY: '',
  DOT: '250 2.0.0 taken',
  RSET: '250 2.0.0 forgotten',
  QUIT: { say: '221 2.0.0 bye', after: 'close' },
}

/** EHLO's usual answer without PIPELINING. */
export const STEP_BY_STEP = '250-scripted\n250-SIZE 100000000\n250-SMTPUTF8\n250 8BITMIME'

/** Starts the server on a free port of loopback; `certificate` is for STARTTLS. */
export async function startScriptedServer(
  script: Script = {},
  certificate?: Certificate,
): Promise<ScriptedServer> {
  const log: Log = { connections: 0, commands: [], packets: [], bodies: '', dots: 0 }
  const sockets = new Set<Socket>()
  const answers = createAnswers(script)
  const server = createServer({ noDelay: true }, (socket) => {
    log.connections++
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    const connection = log.connections
    converse(socket, {
      log,
      answers: (cue, line) => answers(cue, line, connection),
      certificate,
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: portOf(server),
    get connections() {
      return log.connections
    },
    get open() {
      return sockets.size
    },
    get commands() {
      return log.commands
    },
    get packets() {
      return log.packets
    },
    get bodies() {
      return log.bodies
    },
    get dots() {
      return log.dots
    },
    say: (text) => {
      for (const socket of sockets) socket.write(onTheWire(text))
    },
    closeAll: () => {
      for (const socket of sockets) socket.end()
    },
    resetAll: async () => {
      const closed = [...sockets].map((socket) => once(socket, 'close'))
      for (const socket of sockets) socket.resetAndDestroy()
      await Promise.all(closed)
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

interface Log {
  connections: number
  readonly commands: string[]
  readonly packets: string[]
  bodies: string
  dots: number
}

interface Conversation {
  readonly log: Log
  readonly answers: (cue: Cue, line: string) => Answer
  readonly certificate: Certificate | undefined
}

function createAnswers(script: Script): (cue: Cue, line: string, connection: number) => Answer {
  const used = new Map<Cue, number>()
  return (cue, line, connection) => {
    const answers = script[cue] ?? USUAL[cue]
    if (typeof answers === 'function') return answers(line, connection)
    if (!isList(answers)) return answers
    const index = used.get(cue) ?? 0
    used.set(cue, index + 1)
    return answers[Math.min(index, answers.length - 1)] ?? USUAL[cue]
  }
}

function isList(answers: Answer | readonly Answer[]): answers is readonly Answer[] {
  return Array.isArray(answers)
}

function converse(plain: Socket, { log, answers, certificate }: Conversation): void {
  let socket = plain
  let input = ''
  /** The last bytes of a body on its way; absent outside of bodies. */
  let tail: string | undefined

  let isMute = false
  /** Whether the next line answers a 334. */
  let isChallenged = false
  let said = Promise.resolve()

  const play = (cue: Cue, line = ''): string => {
    if (isMute) return ''
    const answer = answers(cue, line)
    if (typeof answer === 'object' && 'after' in answer) isMute = answer.after === 'silence'
    const speaker = socket
    said = said.then(() => perform(speaker, answer))
    return typeof answer === 'string' ? answer : 'say' in answer ? (answer.say ?? '') : ''
  }
  const takeBody = (before: string): void => {
    if (before === LINE_BREAK) play('BODY')
    const at = (before + input).indexOf(FINAL_DOT)
    const length = at === -1 ? input.length : at + FINAL_DOT.length - before.length
    log.bodies += input.slice(0, length)
    tail = at === -1 ? (before + input).slice(-FINAL_DOT.length + 1) : undefined
    input = input.slice(length)
    if (at === -1) return
    log.dots++
    play('DOT')
  }
  const takeCommand = (line: string): void => {
    log.commands.push(line)
    const cue = isChallenged ? 'CHALLENGE' : cueOf(line)
    const reply = cue === undefined ? '' : play(cue, line)
    isChallenged = reply.startsWith('334')
    if (cue === undefined && !isMute) socket.write('500 5.5.1 what?\r\n')
    if (cue === 'DATA' && reply.startsWith('3')) tail = LINE_BREAK
    if (cue !== 'STARTTLS' || !reply.startsWith('2') || certificate === undefined) return
    plain.removeListener('data', onData)
    socket = new TLSSocket(plain, { isServer: true, ...certificate })
    listen()
  }
  const onData = (chunk: Buffer): void => {
    const packet = chunk.toString('latin1')
    log.packets.push(packet)
    input += packet
    for (;;) {
      if (tail !== undefined && input !== '') takeBody(tail)
      const end = tail === undefined ? input.indexOf(LINE_BREAK) : -1
      if (end === -1) return
      const line = input.slice(0, end)
      input = input.slice(end + LINE_BREAK.length)
      takeCommand(line)
    }
  }
  const listen = (): void => {
    socket.on('data', onData)
    socket.on('error', () => {})
  }
  listen()
  play('GREETING')
}

const LINE_BREAK = '\r\n'
const FINAL_DOT = '\r\n.\r\n'

function cueOf(line: string): Cue | undefined {
  const verb = line.split(' ')[0]?.toUpperCase() ?? ''
  return isCue(verb) ? verb : undefined
}

function isCue(verb: string): verb is Cue {
  return Object.hasOwn(USUAL, verb)
}

async function perform(socket: Socket, answer: Answer): Promise<void> {
  if (typeof answer === 'string') {
    if (answer !== '') socket.write(onTheWire(answer))
    return
  }
  if ('later' in answer) {
    await perform(socket, await answer.later)
    return
  }
  if ('pieces' in answer) {
    socket.setNoDelay(true)
    for (const piece of answer.pieces) {
      socket.write(piece)
      await setTimeout(2)
    }
    return
  }
  if (answer.say !== undefined) socket.write(onTheWire(answer.say))
  if (answer.after === 'close') socket.end()
  if (answer.after === 'deafness') socket.pause()
  if (answer.after === 'reset') socket.resetAndDestroy()
}

function onTheWire(text: string): string {
  return `${text.replaceAll('\n', LINE_BREAK)}${LINE_BREAK}`
}
