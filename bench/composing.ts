/**
 * What it costs to build the bytes of one message, by kind, beside nodemailer's `MailComposer`: CPU
 * per message in one process, which the two use in turns; the median of the rounds counts. Nothing
 * is queued or sent.
 *
 *   ./dev run bench/composing.ts [--rounds 5] [--ms 400] [--json FILE]
 */
import { randomFillSync } from 'node:crypto'
import { parseArgs } from 'node:util'

import type { SendMailOptions } from 'nodemailer'
import MailComposer from 'nodemailer/lib/mail-composer'

import { piecesOf } from '../src/connections/message-body.ts'
import { createJob } from '../src/job/create-job.ts'
import type { MessageInput } from '../src/job/message-input.ts'
import { composeMessage } from '../src/worker/compose.ts'
import type { SpooledContent } from '../src/worker/spool.ts'
import { messageTo } from './message.ts'
import { figure, ratio, tell, type Figure, type Ratio } from './report/report.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    ms: { type: 'string', default: '400' },
    json: { type: 'string' },
  },
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

const WHAT = 'ms CPU per message'
const figures: Figure[] = []
const ratios: Ratio[] = []
for (const [kind, message] of Object.entries(KINDS)) {
  const contestants = [oursOf(message), nodemailersOf(message)] as const
  for (const build of contestants) await cpuPerMessage(build)
  const times: [number[], number[]] = [[], []]
  for (let round = 0; round < rounds; round += 1) {
    for (const [at, build] of contestants.entries()) times[at]?.push(await cpuPerMessage(build))
  }
  const ours = figure(kind, WHAT, times[0])
  const theirs = figure(`${kind}, nodemailer`, WHAT, times[1])
  figures.push(ours, theirs)
  ratios.push(ratio(theirs, ours))
}
const leftOut = 'nothing is queued or sent'
const settings = { rounds, 'ms each': roundMs }
await tell({ benchmark: 'composing', settings, leftOut, figures, ratios }, values.json)

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
