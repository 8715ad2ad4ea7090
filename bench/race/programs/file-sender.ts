/**
 * nodemailer's pool without any queue, with files that it reads while it sends.
 * Run as a child process until its parent goes: `file-sender.ts PORT COUNT FOLDER`.
 */
import { once } from 'node:events'

import { createTransport } from 'nodemailer'

import { openFolder } from '../../large/folder.ts'

const SESSIONS = 20

const [port = '', count = '', path = ''] = process.argv.slice(2)
const gone = once(process, 'disconnect')
const transport = createTransport({
  host: '127.0.0.1',
  port: Number(port),
  pool: true,
  maxConnections: SESSIONS,
  maxMessages: Infinity,
  ignoreTLS: true,
})
const { messageWith } = await openFolder(path)
let next = 0
await Promise.all(
  Array.from({ length: SESSIONS }, async () => {
    while (next < Number(count)) await transport.sendMail(messageWith(next++))
  }),
)
transport.close()
await gone
