/**
 * A worker process: options as JSON in its argument, SIGTERM to stop, a message to shift its clock.
 * What it tells is appended to a file at once, so that a kill takes none of it away.
 */
import { openSync, writeSync } from 'node:fs'

// First, so that nothing has looked at the clock before it can be shifted.
import { shiftClock } from '../shifted-clock.ts'
import { createWorker, type WorkerEvent, type WorkerHooks } from '../../../src/index.ts'

const { config, hooks, file, stopWithinMs } = JSON.parse(process.argv[2] ?? '{}') as {
  readonly config: Parameters<typeof createWorker>[0]
  readonly hooks: WorkerHooks
  readonly file: string
  readonly stopWithinMs: number
}
const log = openSync(file, 'a')
const emit = (event: WorkerEvent): void => {
  writeSync(log, `${JSON.stringify(event)}\n`)
}
const worker = createWorker(config, { ...hooks, emit })
let isStopping = false
const stop = async (): Promise<void> => {
  isStopping = true
  await worker.stop(stopWithinMs)
  if (process.connected) process.disconnect()
}
process.once('SIGTERM', () => void stop())
process.on('message', ({ shiftMs }: { readonly shiftMs: number }) => shiftClock(shiftMs))
process.on('disconnect', () => {
  // Its parent is gone. After a stop it must end by itself.
  if (!isStopping) process.exit(1)
})
await worker.start()
process.send?.({ kind: 'started' })
