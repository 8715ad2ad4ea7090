/**
 * A worker that delivers large mails over 20 sessions and tells the most memory it ever had.
 * Run as a child process: `content-worker.ts QUEUE PREFIX PORT COUNT`.
 */
import { createWorker } from '../src/index.ts'
import { configOf } from './config.ts'
import { measured } from './measured.ts'

const [queue = '', prefix = '', port = '', count = ''] = process.argv.slice(2)
const { started, oneDone, finished } = measured(Number(count))
const worker = createWorker(configOf(queue, prefix, Number(port)), {
  emit: (event) => {
    if (event.event === 'delivered') oneDone()
  },
})
started()
await worker.start()
await finished
await worker.stop()
process.disconnect()
