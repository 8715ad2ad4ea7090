/** A worker process: options as JSON in its argument, events to its parent, SIGTERM to stop. */
import { createWorker } from '../../../src/index.ts'

const { config, hooks } = JSON.parse(process.argv[2] ?? '{}') as {
  readonly config: Parameters<typeof createWorker>[0]
  readonly hooks?: Parameters<typeof createWorker>[1]
}
const worker = createWorker(config, { ...hooks, emit: (event) => void process.send?.(event) })
process.once('SIGTERM', () => void worker.stop().then(() => process.disconnect()))
await worker.start()
