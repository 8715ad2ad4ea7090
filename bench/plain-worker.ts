/**
 * The worker that the documentations of BullMQ and nodemailer lead to: one queue, one pooled
 * transport. Run as a child process: `plain-worker.ts REDIS_URL QUEUE PORT COUNT`.
 */
import { Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { createTransport } from 'nodemailer'

import { measured } from './measured.ts'

const [url = '', queue = '', port = '', count = ''] = process.argv.slice(2)
const connection = new Redis(url, { maxRetriesPerRequest: null })
const transport = createTransport({
  host: '127.0.0.1',
  port: Number(port),
  pool: true,
  maxConnections: 20,
  maxMessages: Infinity,
  ignoreTLS: true,
})
const { started, oneDone, finished } = measured(Number(count))
const worker = new Worker(queue, async (job) => transport.sendMail(job.data), {
  connection,
  concurrency: 50,
  autorun: false,
  removeOnComplete: { count: 1000 },
})
worker.on('completed', oneDone)
await worker.waitUntilReady()
started()
void worker.run()
await finished
await worker.close()
transport.close()
await connection.quit()
process.disconnect()
