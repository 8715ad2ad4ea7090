/**
 * One contestant of `round-trips.ts`, as a child process:
 * `round-trips-worker.ts nodemailer|mailroom PORT SESSIONS COUNT [QUEUE PREFIX]`.
 */
import { createTransport } from 'nodemailer'

import { createWorker, defineConfig } from '../src/index.ts'
import { measured } from './measured.ts'
import { messageTo } from './message.ts'

const [who = '', port = '', sessions = '', count = '', queue = '', prefix = ''] =
  process.argv.slice(2)
const { started, oneDone, finished } = measured(Number(count))
if (who === 'nodemailer') {
  const transport = createTransport({
    host: '127.0.0.1',
    port: Number(port),
    pool: true,
    maxConnections: Number(sessions),
    maxMessages: Infinity,
    ignoreTLS: true,
  })
  started()
  const mails = Array.from({ length: Number(count) }, (_, at) => messageTo(at))
  await Promise.all(mails.map((mail) => transport.sendMail(mail).then(oneDone)))
  await finished
  transport.close()
} else {
  const relay = {
    server: '127.0.0.1',
    port: Number(port),
    tls: 'none',
    limits: { sessions: Number(sessions) },
  } as const
  const worker = createWorker(defineConfig({ queue, prefix, connections: { relay } }), {
    emit: ({ event }) => {
      if (event === 'delivered') oneDone()
    },
  })
  started()
  await worker.start()
  await finished
  await worker.stop()
}
process.disconnect()
