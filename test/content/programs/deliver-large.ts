import { createWorker, defineConfig } from '../../../src/index.ts'

const [queue = '', prefix = '', schema = '', port = '', count = ''] = process.argv.slice(2)
let left = Number(count)
const { promise, resolve } = Promise.withResolvers<void>()
const config = defineConfig({
  queue,
  prefix,
  schema,
  connections: {
    relay: { server: '127.0.0.1', port: Number(port), tls: 'none', limits: { sessions: 20 } },
  },
})
await using worker = createWorker(config, {
  emit: ({ event }) => {
    if (event === 'delivered') left -= 1
    if (left === 0) resolve()
  },
})
await worker.start()
const beforeMb = process.resourceUsage().maxRSS / 1024
await promise
const mostMb = process.resourceUsage().maxRSS / 1024
process.send?.({ beforeMb, mostMb }, () => process.disconnect())
