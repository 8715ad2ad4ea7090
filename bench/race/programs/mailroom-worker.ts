/**
 * Mailroom's worker, everything on: validation, ledger, verdicts, events, metrics and logs.
 * Run as a child process until its parent goes: `mailroom-worker.ts QUEUE PREFIX PORT [MANAGERS [CONTENT]]`.
 */
import { once } from 'node:events'

import { createWorker } from '../../../src/index.ts'
import { linesTogether } from '../../../src/telemetry/lines-together.ts'
import { createLogger, logEvents } from '../../../src/telemetry/log.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import { observeEvents } from '../../../src/telemetry/observe-events.ts'
import { configOfMany, contentIn } from '../../config.ts'

const [queue = '', prefix = '', port = '', managers = '1', content] = process.argv.slice(2)
// As the command does it; whoever runs this says where standard output goes.
const log = logEvents(createLogger({ destination: linesTogether(process.stdout) }))
const observe = observeEvents(createMetrics())
const config = configOfMany(queue, prefix, Number(port), Number(managers))
const worker = createWorker(contentIn(config, content), {
  emit: (event) => {
    log(event)
    observe(event)
  },
})
await worker.start()
await once(process, 'disconnect')
await worker.stop()
