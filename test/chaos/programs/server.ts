/**
 * A mail server of its own process: writes down what it takes before it answers, and misbehaves.
 * Options as JSON in its argument; talks with its parent as `talk.ts` says, and ends with it.
 */
import { openSync, writeSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'

import { createAnswerDelay } from '../answer-delay.ts'
import { converse, type Party, type ServerDesk } from '../conversation.ts'
import { misdeedOfMessage, misdeedOfSession, type Plan, type Point } from '../misdeeds.ts'
import type { FromServer, ToServer } from '../talk.ts'
import { portOf } from '../../support/port-of.ts'

const { plan, file } = JSON.parse(process.argv[2] ?? '{}') as {
  readonly plan: Plan
  readonly file: string
}
const book = openSync(file, 'a')
const performed: Record<string, number> = {}
const attempts = new Map<number, number>()
const wanted: Point[] = []
const halted = new Map<number, (fate: { readonly takes: boolean }) => void>()
let sessions = 0
let total = 0
let busy = 0
let halts = 0
let isGood = false
const delay = createAnswerDelay()

const tell = (message: FromServer): void => void process.send?.(message)

process.on('message', (message: ToServer) => {
  switch (message.kind) {
    case 'halt':
      wanted.push(message.at)
      break
    case 'go-on':
      halted.get(message.id)?.(message)
      halted.delete(message.id)
      break
    case 'answer-after':
      delay.set(message.ms)
      break
    case 'behave':
      isGood = true
      break
    case 'report':
      tell({ kind: 'report', performed })
      break
  }
})
process.on('disconnect', () => process.exit(0))

const server = createServer((socket: Socket) => {
  socket.on('error', () => socket.destroy())
  const session = sessions
  sessions += 1
  void converse(socket, deskOf(session))
})
server.listen(0, '127.0.0.1', () => tell({ kind: 'listening', port: portOf(server) }))

function deskOf(session: number): ServerDesk {
  return {
    begins: (number) => {
      attempts.set(number, (attempts.get(number) ?? 0) + 1)
      tell({ kind: 'busy', now: (busy += 1) })
    },
    ends: () => tell({ kind: 'busy', now: (busy -= 1) }),
    halt: (at, party) => halt(at, party),
    due: (at, { number }) => {
      if (isGood) return undefined
      const misdeed =
        number === undefined
          ? misdeedOfSession(plan, session)
          : misdeedOfMessage(plan, number, attempts.get(number) ?? 1)
      if (misdeed?.at !== at) return undefined
      const name = `${misdeed.deed} at ${at}`
      performed[name] = (performed[name] ?? 0) + 1
      return misdeed.deed
    },
    take: (taken) => {
      // Written before anything is answered: what is in the book was accepted.
      writeSync(book, `${JSON.stringify(taken)}\n`)
      total += 1
      tell({ kind: 'taken', total })
    },
    rest: () => delay.wait(),
  }
}

function halt(at: Point, { client, number }: Party): Promise<{ readonly takes: boolean }> {
  const place = wanted.indexOf(at)
  if (place === -1) return Promise.resolve({ takes: true })
  wanted.splice(place, 1)
  const id = halts
  halts += 1
  tell({
    kind: 'reached',
    id,
    at,
    ...(client && { client }),
    ...(number !== undefined && { number }),
  })
  return new Promise((resolve) => halted.set(id, resolve))
}
