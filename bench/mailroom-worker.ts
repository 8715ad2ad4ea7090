/**
 * Mailroom's worker, everything on: validation, ledger, verdicts, events, metrics and logs.
 * Run as a child process: `mailroom-worker.ts QUEUE PREFIX PORT COUNT`.
 */
import { createWorker } from '../src/index.ts'
import { linesTogether } from '../src/telemetry/lines-together.ts'
import { createLogger, logEvents } from '../src/telemetry/log.ts'
import { createMetrics } from '../src/telemetry/metrics.ts'
import { observeEvents } from '../src/telemetry/observe-events.ts'
import { configOf } from './config.ts'
import { measured } from './measured.ts'

const [queue = '', prefix = '', port = '', count = ''] = process.argv.slice(2)
const { started, oneDone, finished } = measured(Number(count))
// As the command does it; whoever runs this says where standard output goes.
const log = logEvents(createLogger({ destination: linesTogether(process.stdout) }))
const observe = observeEvents(createMetrics())
const worker = createWorker(configOf(queue, prefix, Number(port)), {
  emit: (event) => {
    log(event)
    observe(event)
    if (event.event === 'delivered') oneDone()
  },
})
started()
await worker.start()
await finished
await worker.stop()
process.disconnect()
