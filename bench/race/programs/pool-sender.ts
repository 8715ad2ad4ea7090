/**
 * nodemailer's pool without any queue: what is sent is gone with the process.
 * Run as a child process until its parent goes: `pool-sender.ts PORT COUNT`.
 */
import { once } from 'node:events'

import { createTransport } from 'nodemailer'

import { messageTo } from '../../message.ts'

/** As many at a time as the plain worker has. */
const AT_ONCE = 50

const [port = '', count = ''] = process.argv.slice(2)
const gone = once(process, 'disconnect')
const transport = createTransport({
  host: '127.0.0.1',
  port: Number(port),
  pool: true,
  maxConnections: 20,
  maxMessages: Infinity,
  ignoreTLS: true,
})
let next = 0
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    while (next < Number(count)) await transport.sendMail(messageTo(next++))
  }),
)
transport.close()
await gone
