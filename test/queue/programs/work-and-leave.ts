import { once } from 'node:events'

import { openBench, type Place } from '../place.ts'

const { place, name }: { place: Place; name: string } = JSON.parse(process.argv[2] ?? '')
const bench = await openBench(place)
const unsubscribe = await bench.store.subscribe('news', () => undefined)
await bench.queues.add(name, [
  { id: 'm-1', data: 1 },
  { id: 'm-2', data: 1 },
])
const done = new AbortController()
await bench.consume(
  async ({ id }) => {
    if (id === 'm-2') done.abort()
    return { kind: 'done' }
  },
  { name },
)
await bench.consume(async () => ({ kind: 'done' }), { name: 'idle' })
if (!done.signal.aborted) await once(done.signal, 'abort')
await unsubscribe()
await bench[Symbol.asyncDispose]()
process.disconnect?.()
