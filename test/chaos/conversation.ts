import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

import { readInput, type Input } from './input.ts'
import type { Deed, Point } from './misdeeds.ts'
import { createSpeaker, type Speaker } from './speaker.ts'
import type { Taken } from './talk.ts'

/** Whom a server deals with, as far as it knows. */
export interface Party {
  client: string | undefined
  number: number | undefined
}

/** What a conversation needs of its server. */
export interface ServerDesk {
  /** A transaction of this message begins, or has ended with an answer. */
  begins(number: number): void
  ends(): void
  /** Waits as long as the harness wants; answers what is to be done with a whole body. */
  halt(at: Point, party: Party): Promise<{ readonly takes: boolean }>
  /** The misdeed that is due, which counts as done; undefined: behaves. */
  due(at: Point, party: Party): Deed | undefined
  take(taken: Taken): void
  /** Waits as long as the answer to a message takes. */
  rest(): Promise<void>
}

/** Longer than the time-outs of clients that are in a hurry. */
const LATE_MS = 2_500

/** `refused`: said no and goes on; `over`: there is nobody to talk to any more. */
type Met = 'answer' | 'trickle' | 'drop' | 'refused' | 'over'

interface Conversation {
  readonly desk: ServerDesk
  readonly input: Input
  readonly speaker: Speaker
  readonly party: Party
  /** What has been accepted of the next transaction. */
  step: 'idle' | 'mail' | 'rcpt'
  takes: boolean
}

const EHLO = '250-chaos\n250-PIPELINING\n250-8BITMIME\n250-AUTH PLAIN LOGIN\n250 SIZE 52428800'
const TAKEN = '250 2.0.0 taken'

/** Talks SMTP with one client until one of them has enough, and misbehaves where its desk says so. */
export async function converse(socket: Socket, desk: ServerDesk): Promise<void> {
  const talk: Conversation = {
    desk,
    input: readInput(socket),
    speaker: createSpeaker(socket),
    party: { client: undefined, number: undefined },
    step: 'idle',
    takes: true,
  }
  let goesOn = (await answer(talk, 'greeting', '220 chaos ESMTP')) !== 'over'
  while (goesOn) {
    const line = await talk.input.line()
    if (line === undefined) return
    const obey = COMMANDS[line.slice(0, 4).toUpperCase()]
    if (obey === undefined) talk.speaker.say('500 5.5.1 what?')
    goesOn = obey === undefined || (await obey(talk, line))
  }
}

/** What is done at each command; false ends the session. */
const COMMANDS: Readonly<Record<string, (talk: Conversation, line: string) => Promise<boolean>>> = {
  EHLO: async (talk, line) => {
    talk.party.client = line.slice('EHLO '.length)
    return (await answer(talk, 'ehlo', EHLO)) !== 'over'
  },
  HELO: async (talk) => (await answer(talk, 'ehlo', '250 chaos')) !== 'over',
  AUTH: async (talk) => (await answer(talk, 'auth', '235 2.7.0 welcome')) !== 'over',
  MAIL: async (talk, line) => {
    const { desk, party } = talk
    party.number = Number(/<m(\d+)@/i.exec(line)?.[1] ?? -1)
    desk.begins(party.number)
    const met = await answer(talk, 'mail', '250 2.1.0 ok')
    talk.step = met === 'refused' ? 'idle' : 'mail'
    return met !== 'over'
  },
  RCPT: async (talk) => {
    if (talk.step === 'idle') return outOfOrder(talk)
    const met = await answer(talk, 'rcpt', '250 2.1.5 ok')
    if (met !== 'refused') talk.step = 'rcpt'
    return met !== 'over'
  },
  DATA: async (talk) => {
    if (talk.step !== 'rcpt') return outOfOrder(talk)
    talk.step = 'idle'
    const met = await answer(talk, 'data', '354 go on')
    if (met === 'over') return false
    return met === 'refused' || (await takeBody(talk))
  },
  RSET: async ({ speaker }) => {
    speaker.say('250 2.0.0 forgotten')
    return true
  },
  QUIT: async ({ speaker }) => {
    speaker.say('221 2.0.0 bye')
    return speaker.close() !== 'over'
  },
}

async function outOfOrder({ speaker }: Conversation): Promise<boolean> {
  speaker.say('503 5.5.1 not now')
  return true
}

async function takeBody(talk: Conversation): Promise<boolean> {
  const { desk, input, party } = talk
  if (!(await input.begun())) return false
  if ((await meet(talk, 'body')) !== 'answer') return false
  const body = await input.body()
  if (body === undefined) return false
  const met = await meet(talk, 'dot')
  if (met === 'refused') return true
  if (met === 'over' || !talk.takes) return false
  const messageId = /^message-id:\s*(<[^>]+>)/im.exec(body)?.[1] ?? ''
  desk.take({ number: party.number ?? -1, messageId, client: party.client ?? '' })
  await desk.rest()
  await speak(talk, met, TAKEN)
  desk.ends()
  return met !== 'drop' && (await meet(talk, 'after')) !== 'over'
}

/** Says `text` unless something else happens at this point. */
async function answer(talk: Conversation, at: Point, text: string): Promise<Met> {
  const met = await meet(talk, at)
  await speak(talk, met, text)
  return met
}

async function speak({ speaker }: Conversation, met: Met, text: string): Promise<void> {
  if (met === 'answer') speaker.say(text)
  if (met === 'trickle') await speaker.trickle(text)
  if (met === 'drop') speaker.reset()
}

async function meet(talk: Conversation, at: Point): Promise<Met> {
  const { desk, party, speaker } = talk
  ;({ takes: talk.takes } = await desk.halt(at, party))
  const deed = desk.due(at, party)
  switch (deed) {
    case undefined:
      return 'answer'
    case 'close':
      return speaker.close()
    case 'reset':
      return speaker.reset()
    case 'hang':
      return new Promise<never>(() => {})
    case '421':
      speaker.say('421 4.3.2 closing down')
      return speaker.close()
    case '4xx':
    case '5xx':
      return speaker.refuse(deed, at)
    case 'trickle':
      return 'trickle'
    case 'late':
      await sleep(LATE_MS)
      return 'answer'
    case 'take-and-drop':
      return 'drop'
  }
}
