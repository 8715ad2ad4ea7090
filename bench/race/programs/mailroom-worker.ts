/**
 * Mailroom's worker, everything on: validation, ledger, verdicts, events, metrics and logs.
 * Run as a child process until its parent goes: `mailroom-worker.ts QUEUE PREFIX PORT`.
 */
import { once } from 'node:events'

import { createWorker } from '../../../src/index.ts'
import { linesTogether } from '../../../src/telemetry/lines-together.ts'
import { createLogger, logEvents } from '../../../src/telemetry/log.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import { observeEvents } from '../../../src/telemetry/observe-events.ts'
import { configOf } from '../../config.ts'

const [queue = '', prefix = '', port = ''] = process.argv.slice(2)
// As the command does it; whoever runs this says where standard output goes.
const log = logEvents(createLogger({ destination: linesTogether(process.stdout) }))
const observe = observeEvents(createMetrics())
const worker = createWorker(configOf(queue, prefix, Number(port)), {
  emit: (event) => {
    log(event)
    observe(event)
  },
})
await worker.start()
await once(process, 'disconnect')
await worker.stop()
