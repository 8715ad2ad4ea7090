/**
 * How many bytes of the store a message takes in the ledger, by how it went.
 *
 *     ./dev run bench/ledger-bytes.ts [--messages 500] [--json FILE]
 *
 * Redis: MEMORY USAGE of every key, the share of the common ones included. Postgres: what tables and
 * indexes have grown by, after a vacuum. An embedded Postgres and a `redis-server` are started. The
 * numbers are in docs/stores.md.
 */
import { randomBytes } from 'node:crypto'
import { chmod } from 'node:fs/promises'
import { parseArgs } from 'node:util'

import type { Ledger, RecipientOutcome } from '../src/ledger/ledger.ts'
import { openLedger } from '../src/ledger/open.ts'
import type { AttemptNote } from '../src/ledger/timeline.ts'
import { openStore } from '../src/store/open.ts'
import type { Store } from '../src/store/store.ts'
import { startRedis } from '../test/support/redis-server.ts'
import { temporaryDirectory } from '../test/support/temporary-directory.ts'
import { figure, tell, type Figure } from './report/report.ts'

const { values } = parseArgs({
  options: { messages: { type: 'string', default: '500' }, json: { type: 'string' } },
})
const MESSAGES = Number(values.messages)

const OK = { stage: 'dot', code: 250, status: '2.0.0', text: 'Ok: queued as 4dK1b22Bz2z9' } as const
const BUSY = {
  stage: 'rcpt',
  code: 451,
  status: '4.7.1',
  text: 'Greylisted, please try again in 300 seconds',
  rule: 'enhanced.4.7.1',
} as const
const NOBODY = {
  stage: 'rcpt',
  code: 550,
  status: '5.1.1',
  text: '<customer@example.org>: Recipient address rejected: User unknown',
  rule: 'enhanced.5.1.1',
} as const

const SAID = [
  'C: MAIL FROM:<…@shop.example.com> SIZE=2412',
  'C: RCPT TO:<customer@example.org>',
  'C: DATA',
  'S: 250 2.1.0 Ok',
]

/** How a message goes, attempt by attempt. */
const COURSES: Readonly<
  Record<string, readonly (readonly [RecipientOutcome, readonly string[]])[]>
> = {
  'delivered at the first attempt': [[{ index: 0, state: 'delivered', ...OK }, []]],
  'deferred once, then delivered': [
    [{ index: 0, state: 'pending', ...BUSY }, [...SAID, `S: 451 4.7.1 ${BUSY.text}`, 'S: 503 no']],
    [{ index: 0, state: 'delivered', ...OK }, []],
  ],
  'refused at the first attempt': [
    [
      { index: 0, state: 'refused', ...NOBODY },
      [...SAID, `S: 550 5.1.1 ${NOBODY.text}`, 'S: 503 no'],
    ],
  ],
  'deferred ten times, then refused': [
    ...Array.from(
      { length: 10 },
      () =>
        [
          { index: 0, state: 'pending', ...BUSY },
          [...SAID, `S: 451 4.7.1 ${BUSY.text}`, 'S: 503 no'],
        ] as const,
    ),
    [{ index: 0, state: 'refused', ...NOBODY }, SAID],
  ],
}

await using directory = await temporaryDirectory('disk')
await chmod(directory.path, 0o711)
await using redis = await startRedis()
const figures: Figure[] = []
for (const location of [redis.url, `embedded:${directory.path}/store`]) {
  for (const [course, attempts] of Object.entries(COURSES)) {
    const tag = randomBytes(4).toString('hex')
    await using store = await openStore(location, {
      patience: 'wait',
      prefix: `bytes-${tag}`,
      schema: `bytes_${tag}`,
    })
    const ledger = await openLedger(store)
    const before = await bytesOf(store, `bytes-${tag}`, ledger)
    for (let at = 0; at < MESSAGES; at += 1) await run(ledger, at, attempts)
    const grown = (await bytesOf(store, `bytes-${tag}`, ledger)) - before
    figures.push(figure(course, `bytes per message, ${store.kind}`, [grown / MESSAGES]))
  }
}
const leftOut = 'nothing is sent: the ledger is told of it'
await tell(
  { benchmark: 'ledger-bytes', settings: { messages: MESSAGES }, leftOut, figures },
  values.json,
)

async function run(
  ledger: Ledger,
  at: number,
  attempts: readonly (readonly [RecipientOutcome, readonly string[]])[],
): Promise<void> {
  const id = `m-${(1_763_725_000_000 + at).toString(16).padStart(12, '0')}${randomBytes(10).toString('hex')}`
  const to = `customer-${at}@example.org`
  await ledger.record([
    {
      id,
      connection: 'relay',
      messageId: `<${id}@shop.example.com>`,
      digest: randomBytes(32).toString('base64url'),
      recipients: [to],
    },
  ])
  for (const [index, [outcome, said]] of attempts.entries()) {
    const worker = 'mail-7d9f8b6c5d-4711-9f8e7d6c'
    const claim = await ledger.claim({ id, worker, connection: 'relay', recipients: [to] })
    if (claim.kind !== 'claimed') throw new Error(`expected a claim, got "${claim.kind}"`)
    await ledger.mark(id, claim.fence, [0], 60_000)
    const { index: _index, ...judged } = outcome
    const note: AttemptNote = {
      attempt: index + 1,
      part: 1,
      digest: '3f9a1b2c',
      worker,
      bytes: 2412,
      rules: '2',
      stage: outcome.state === 'delivered' ? 'after' : 'rcpt',
      last: judged,
      outcomes: [{ ...judged, recipients: [0] }],
      ...(said.length > 0 && { conversation: said }),
    }
    const settlement = { outcomes: [outcome], isAttempt: true, retryInMs: 0, last: judged, note }
    await ledger.settle(id, claim.fence, settlement)
  }
}

async function bytesOf(store: Store, prefix: string, ledger: Ledger): Promise<number> {
  if (store.kind === 'redis') {
    let bytes = 0
    for (const key of await store.client.keys(`${prefix}-*`)) {
      bytes += Number(await store.client.memory('USAGE', key, 'SAMPLES', 0))
    }
    return bytes
  }
  await ledger.get('none')
  await store.pool.query('vacuum (full) ledger')
  await store.pool.query('vacuum (full) ledger_history')
  const { rows: sizes } = await store.pool.query<{ bytes: number }>(
    `select (pg_total_relation_size('ledger') + pg_total_relation_size('ledger_history'))::float8 as bytes`,
  )
  return sizes[0]?.bytes ?? 0
}
