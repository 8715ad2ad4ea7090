import { readFile } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'

import type * as Package from '../../../src/index.ts'

// Runs in a container of the proof: sends COUNT messages, a hundred a second, waits until each has come
// to an end, and prints where it is as JSON lines.
//   node load.ts CONNECTION NAME COUNT [BYTES of an attachment]

/** A message that the load has sent: its number stands in the subject. */
interface Sent {
  readonly number: number
  readonly id: string
}

const PER_SECOND = 100
const SETTLE_WITHIN_MS = 300_000

// The package as it is in the image; in this repository it is not installed.
const PACKAGE: string = 'mailroom'
const { createMailroom }: typeof Package = await import(PACKAGE)

const [connection = '', name = '', count = '', bytes = '0'] = process.argv.slice(2)
const config = JSON.parse(await readFile('mailroom.config.json', 'utf8'))
const queue = process.env['MAILROOM_QUEUE']
await using mailroom = createMailroom<string>({ ...config, queue }, { onWarning: () => {} })

const attachment = { filename: 'zeros.bin', content: Buffer.alloc(Number(bytes)) }
const sent: Sent[] = []
for (let number = 1; number <= Number(count); number += 1) {
  sent.push({ number, id: await send(number) })
  if (number % 100 === 0) tell({ event: 'sent', count: number })
  await setTimeout(1000 / PER_SECOND)
}
tell({ event: 'settled', ...(await settle(sent)) })

async function send(number: number): Promise<string> {
  const { id } = await mailroom.send({
    connection,
    message: {
      to: 'bob@example.org',
      subject: `${name} ${number}`,
      text: `Message ${number}.`,
      ...(Number(bytes) > 0 && { attachments: [attachment] }),
    },
    options: { idempotencyKey: `${name}-${number}` },
  })
  return id
}

/** Waits until every message has a final state: the numbers by state. */
async function settle(waiting: readonly Sent[]): Promise<object> {
  const deadline = Date.now() + SETTLE_WITHIN_MS
  const states: Record<string, number[]> = {}
  let open = waiting
  while (open.length > 0) {
    const isLast = Date.now() > deadline
    const still: Sent[] = []
    for (const one of open) {
      const state = (await mailroom.get(one.id))?.state ?? 'unknown'
      const isOpen = ['queued', 'active', 'deferred'].includes(state)
      if (isOpen && !isLast) still.push(one)
      else (states[state] ??= []).push(one.number)
    }
    open = still
    await setTimeout(500)
  }
  return { states }
}

function tell(fact: object): void {
  process.stdout.write(`${JSON.stringify(fact)}\n`)
}
