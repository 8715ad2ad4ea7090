/**
 * What it costs to build the bytes of one message, by kind, beside nodemailer's `MailComposer`: CPU
 * per message in one process, which the two use in turns; the median of the rounds counts. Nothing
 * is queued or sent.
 *
 *   ./dev run bench/composing.ts [--rounds 5] [--ms 400]
 */
import { randomFillSync } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'

import type { SendMailOptions } from 'nodemailer'
import MailComposer from 'nodemailer/lib/mail-composer'

import { piecesOf } from '../src/connections/message-body.ts'
import { createJob } from '../src/job/create-job.ts'
import type { MessageInput } from '../src/job/message-input.ts'
import { composeMessage } from '../src/worker/compose.ts'
import type { SpooledContent } from '../src/worker/spool.ts'
import { messageTo } from './message.ts'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, ms: { type: 'string', default: '400' } },
})
const rounds = Number(values.rounds)
const roundMs = Number(values.ms)
/** What stays in the job; larger content is read from the worker's disk, and here from memory. */
const INLINE_BYTES = 65_536

const { text, html, ...shell } = messageTo(1)
const accents = (plain: string): string => plain.replaceAll('e', 'é')
const cyrillic = 'Ваш заказ уже в пути, спасибо за покупку в нашем магазине. '.repeat(20)
const random = (bytes: number): Buffer => randomFillSync(Buffer.alloc(bytes))
const KINDS: Readonly<Record<string, MessageInput & SendMailOptions>> = {
  'text + HTML, 2.4 kB': { ...shell, text, html },
  'short lines': { ...shell, text: text.replaceAll(/(.{60}\S*) /g, '$1\n') },
  accents: { ...shell, text: accents(text), html: accents(html) },
  Cyrillic: { ...shell, subject: 'Ваш заказ № 1', text: cyrillic, html: `<p>${cyrillic}</p>` },
  'inline image, 8 kB': {
    ...shell,
    html,
    attachments: [{ filename: 'logo.png', content: random(8_000), cid: 'logo' }],
  },
  'attachment, 1 MB': {
    ...shell,
    text,
    attachments: [{ filename: 'report.pdf', content: random(1_000_000) }],
  },
}

console.log(`Node.js ${process.version}, ${availableParallelism()} cores`)
console.log(`CPU per message, median of ${rounds} rounds of ${roundMs} ms`)
for (const [kind, message] of Object.entries(KINDS)) {
  const contestants = [oursOf(message), nodemailersOf(message)] as const
  for (const build of contestants) await cpuPerMessage(build)
  const times: [number[], number[]] = [[], []]
  for (let round = 0; round < rounds; round += 1) {
    for (const [at, build] of contestants.entries()) times[at]?.push(await cpuPerMessage(build))
  }
  const [ours, theirs] = times.map((all) => medianOf(all)) as [number, number]
  console.log(
    `${kind.padEnd(20)} ${inMs(ours)} ms, nodemailer ${inMs(theirs)} ms: ` +
      `${(theirs / ours).toFixed(1)} times as much`,
  )
}

function oursOf(message: MessageInput): () => Promise<void> {
  const { job, contents } = createJob(
    { connection: 'relay', message },
    { now: new Date(), inlineBytes: INLINE_BYTES },
  )
  const spooled = new Map(contents.map(({ ref, bytes }) => [ref.sha256, inMemory(bytes)]))
  return async () => {
    const { body } = await composeMessage(job, { contents: spooled })
    for await (const piece of piecesOf(body)) piece.at(-1)
  }
}

function nodemailersOf(message: SendMailOptions): () => Promise<void> {
  return async () => {
    const stream = new MailComposer(message).compile().createReadStream()
    for await (const piece of stream) piece.at(-1)
  }
}

function inMemory(bytes: Uint8Array): SpooledContent {
  return {
    bytes: bytes.length,
    read: async function* (pieceBytes) {
      for (let at = 0; at < bytes.length; at += pieceBytes) {
        yield Buffer.from(bytes.subarray(at, at + pieceBytes))
      }
    },
    [Symbol.dispose]: () => undefined,
  }
}

/** In ms, of as many as there are in a round. */
async function cpuPerMessage(build: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage()
  const end = performance.now() + roundMs
  let count = 0
  while (performance.now() < end) {
    await build()
    count += 1
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000 / count
}

function medianOf(all: readonly number[]): number {
  return all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0
}

function inMs(ms: number): string {
  return (ms < 1 ? ms.toFixed(4) : ms.toFixed(1)).padStart(7)
}
