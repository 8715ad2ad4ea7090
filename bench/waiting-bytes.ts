/**
 * How many bytes of Redis a message takes while it waits, its record included, beside a job of BullMQ
 * alone with the same message: `MEMORY USAGE` of every key. An aim of 2.5 is one of 0.4 the other way round.
 *
 *     ./dev run bench/waiting-bytes.ts [--messages 500] [--json FILE]
 *
 * The numbers are in docs/stores.md.
 */
import { parseArgs } from 'node:util'

import { Queue } from 'bullmq'
import { Redis } from 'ioredis'

import { createMailroom } from '../src/index.ts'
import { startRedis } from '../test/support/redis-server.ts'
import { configOf } from './config.ts'
import { messageTo } from './message.ts'
import { figure, ratio, tell, type Figure, type Ratio } from './report/report.ts'

const { values } = parseArgs({
  options: { messages: { type: 'string', default: '500' }, json: { type: 'string' } },
})
const MESSAGES = Number(values.messages)
const WORDS =
  'your order account payment shipping invoice please click here below confirm address thank you for customer service team product price total number date delivery tracking support contact update information'.split(
    ' ',
  )

type Message = ReturnType<typeof messageTo>

let state = 1
const random = (): number => {
  state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
  return state / 2_147_483_648
}
const pick = (): string => WORDS[Math.floor(random() * WORDS.length)] ?? ''
const said = (words: number): string =>
  Array.from({ length: words }, () => (random() < 0.15 ? `${pick()} ${at(9999)}` : pick())).join(
    ' ',
  )
const at = (below: number): number => Math.floor(random() * below)
const row = (): string =>
  `<tr><td style="padding:12px 24px;font-family:Arial,sans-serif;font-size:14px;color:#333333;"><a href="https://shop.example.com/p/${at(1e9)}?utm_campaign=${at(1e5)}" style="color:#0a66c2;text-decoration:none;">${said(5)}</a><br>${said(15)}</td></tr>`
const pageOf = (rows: number): string =>
  `<html><body><table>${Array.from({ length: rows }, row).join('')}</table></body></html>`
const newsletter = pageOf(85)

interface Kind {
  readonly messageTo: (to: number) => Message
  /** How many times as much BullMQ alone should take, at least; absent where it is only told. */
  readonly aim?: number
}

const KINDS: Readonly<Record<string, Kind>> = {
  '0.3 kB of text': { messageTo: (to) => ({ ...messageTo(to), text: said(45), html: '' }) },
  '2.4 kB, text and HTML of the same words': {
    messageTo: (to) => {
      const text = said(160)
      return { ...messageTo(to), text, html: `<html><body><p>${text}</p></body></html>` }
    },
    aim: 1 / 1.1,
  },
  '2.4 kB of the main measure': { messageTo, aim: 1 / 1.1 },
  '30 kB of HTML, each its own': {
    messageTo: (to) => ({ ...messageTo(to), text: said(60), html: pageOf(85) }),
    aim: 1 / 0.4,
  },
  '30 kB of HTML, the same for all': {
    messageTo: (to) => ({ ...messageTo(to), text: '', html: newsletter }),
    aim: 1 / 0.1,
  },
}

await using redis = await startRedis()
const client = new Redis(redis.url, { maxRetriesPerRequest: null })
const figures: Figure[] = []
const ratios: Ratio[] = []
for (const [kind, { messageTo: make, aim }] of Object.entries(KINDS)) {
  const messages = Array.from({ length: MESSAGES }, (_, to) => make(to))
  const queue = new Queue('plain', { connection: client })
  await queue.addBulk(messages.map((data) => ({ name: 'send', data })))
  await queue.close()
  const plain = figure(`BullMQ, ${kind}`, 'bytes per waiting message', [await taken()])
  const mailroom = createMailroom(configOf(redis.url, 'mailroom', 2525))
  await mailroom.sendMany(messages.map((message) => ({ connection: 'sink', message })))
  await mailroom.close()
  const ours = figure(`Mailroom, ${kind}`, 'bytes per waiting message', [await taken()])
  figures.push(plain, ours)
  ratios.push(ratio(plain, ours, aim))
}
await client.quit()
const leftOut = 'nothing is sent: no worker runs'
await tell(
  { benchmark: 'waiting-bytes', settings: { messages: MESSAGES }, leftOut, figures, ratios },
  values.json,
)

/** What every key takes for one message; all are removed. */
async function taken(): Promise<number> {
  let bytes = 0
  for (const key of await client.keys('*')) {
    bytes += Number(await client.memory('USAGE', key, 'SAMPLES', 0))
  }
  await client.flushall()
  return Math.round(bytes / MESSAGES)
}
