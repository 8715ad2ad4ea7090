import { setImmediate } from 'node:timers/promises'

import type SMTPConnection from 'nodemailer/lib/smtp-connection'

import type { Fault } from '../../smtp/fault.ts'
import { faultOfAnswer } from '../login-fault.ts'
import type { Mechanism } from './mechanism.ts'

interface Reply {
  readonly code: number
  readonly text: string
}

/** Sends one line and resolves with the reply to it; never, when the connection fails. */
type Say = (line: string) => Promise<Reply>

/** No mechanism has more to say; a server that asks for ever is not answered for ever. */
const MAX_CHALLENGES = 10

/** RFC 5321 §4.5.3.1.4 without the line's end; Postfix, for one, cuts off what is far longer. */
const MAX_COMMAND = 510

/** The name under which nodemailer leaves all words of a login to us. */
const OURS = 'MAILROOM'

/** What speaks over one of nodemailer's connections while it logs in. */
export interface Exchanger {
  /** To be given to the connection when it is made. */
  readonly customAuth: NonNullable<SMTPConnection.Options['customAuth']>
  /**
   * Runs one SASL exchange on `connection`, which has answered EHLO (RFC 4954 §4). Resolves with the
   * fault that ended it, or with nothing: logged in. Never settles when the connection fails
   * meanwhile: then that emits `error`.
   */
  readonly run: (connection: SMTPConnection, mechanism: Mechanism) => Promise<Fault | undefined>
}

/** Makes the exchanger of one connection. */
export function createExchanger(): Exchanger {
  let speak: ((say: Say) => Promise<void>) | undefined
  return {
    customAuth: {
      [OURS]: (context) =>
        speak?.(async (line) => replyOf((await context.sendCommand(line)).response)),
    },
    run: (connection, mechanism) =>
      new Promise((resolve, reject) => {
        const cancel = (say: Say) => cancelExchange(connection, say)
        speak = (say) => converse(say, mechanism, cancel).then(resolve, reject)
        connection.login({ method: OURS }, (error) => {
          if (error !== null) reject(error)
        })
      }),
  }
}

/** nodemailer reads no code from a reply of several lines, nor from one without a text. */
function replyOf(text: string): Reply {
  return { code: Number(text.slice(0, 3)), text }
}

async function converse(
  say: Say,
  mechanism: Mechanism,
  cancel: (say: Say) => Promise<void>,
): Promise<Fault | undefined> {
  const first = await mechanism.begin?.()
  if (first?.kind === 'fault') return first.fault
  let reply = await begin(say, mechanism.name, first?.bytes)
  for (let challenges = 0; reply.code === 334; challenges++) {
    const text = reply.text.slice(4).trim()
    const next =
      challenges < MAX_CHALLENGES
        ? await mechanism.respond(Buffer.from(text, 'base64'), text)
        : ({ kind: 'fault', fault: ENDLESS } as const)
    if (next.kind === 'fault') {
      await cancel(say)
      return next.fault
    }
    reply = await say(next.bytes.toString('base64'))
  }
  if (reply.code === 235) return mechanism.end?.()
  return faultOfAnswer(reply.text, 'auth')
}

/**
 * Tells the server that we go no further (RFC 4954 §4), without waiting for its answer: why we stop
 * is known, and neither silence nor a connection that ends meanwhile is to be told instead.
 */
async function cancelExchange(connection: SMTPConnection, say: Say): Promise<void> {
  connection.removeAllListeners('error')
  connection.on('error', () => {})
  void say('*')
  // nodemailer writes in the next turn; the connection may be closed at once after ours.
  await setImmediate()
}

/** RFC 4954 §4: what does not fit into a command waits until it is asked for. */
async function begin(say: Say, name: string, first: Buffer | undefined): ReturnType<Say> {
  if (first === undefined) return say(`AUTH ${name}`)
  const whole = `AUTH ${name} ${initialResponse(first)}`
  if (whole.length <= MAX_COMMAND) return say(whole)
  const reply = await say(`AUTH ${name}`)
  return reply.code === 334 ? say(first.toString('base64')) : reply
}

const ENDLESS: Fault = {
  kind: 'protocol',
  stage: 'auth',
  detail: `the server asked more than ${MAX_CHALLENGES} times within one login`,
}

/** RFC 4954 §4: an empty one is written as "=". */
function initialResponse(bytes: Buffer): string {
  return bytes.length === 0 ? '=' : bytes.toString('base64')
}
