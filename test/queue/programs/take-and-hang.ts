import { openBench, type Place } from '../place.ts'

const order: { place: Place; name: string; lockMs: number; stalledCheckMs: number } = JSON.parse(
  process.argv[2] ?? '',
)
const bench = await openBench(order.place)
await bench.consume(async ({ id }) => {
  process.send?.(id)
  return new Promise(() => undefined)
}, order)
