/**
 * The worker that the documentations of BullMQ and nodemailer lead to: one queue, one pooled
 * transport. Run as a child process until its parent goes: `plain-worker.ts REDIS_URL QUEUE PORT`.
 */
import { once } from 'node:events'

import { Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { createTransport } from 'nodemailer'

const [url = '', queue = '', port = ''] = process.argv.slice(2)
const connection = new Redis(url, { maxRetriesPerRequest: null })
const transport = createTransport({
  host: '127.0.0.1',
  port: Number(port),
  pool: true,
  maxConnections: 20,
  maxMessages: Infinity,
  ignoreTLS: true,
})
const worker = new Worker(queue, async (job) => transport.sendMail(job.data), {
  connection,
  concurrency: 50,
  removeOnComplete: { count: 1000 },
})
await once(process, 'disconnect')
await worker.close()
transport.close()
await connection.quit()
