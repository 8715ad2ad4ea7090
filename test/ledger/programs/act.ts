/** One client in a process of its own, who does as chance has it and writes down what came of it. */
import { openLedger } from '../../../src/ledger/open.ts'
import { openStore } from '../../../src/store/open.ts'
import { castsOf, createClient } from '../model/client.ts'
import type { Event } from '../model/deed.ts'

const { queue, prefix, schema, seed, rounds, steps, name } = JSON.parse(
  process.argv[2] ?? '{}',
) as {
  readonly queue: string
  readonly prefix: string
  readonly schema: string
  readonly seed: number
  readonly rounds: number
  readonly steps: number
  readonly name: string
}

await using store = await openStore(queue, { patience: 'wait', prefix, schema })
const ledger = await openLedger(store)
const events: Event[] = []
for (let round = seed; round < seed + rounds; round += 1) {
  for (const cast of castsOf(round)) {
    const client = createClient(ledger, name, round, cast)
    for (let step = 0; step < steps; step += 1) events.push(await client.act())
  }
}
process.stdout.write(JSON.stringify(events))
