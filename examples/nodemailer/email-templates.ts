// Sends a template of email-templates through the queue: only the transport is new.
import path from 'node:path'

import Email from 'email-templates'
import { mailroomTransport } from 'mailroom'
import { createTransport } from 'nodemailer'

const transport = createTransport(
  mailroomTransport({
    connection: 'relay',
    queue: process.env['MAILROOM_QUEUE'] ?? 'embedded:.mailroom/store',
    connections: { relay: { server: '127.0.0.1', port: 2525, tls: 'none' } },
  }),
)

const email = new Email({
  message: { from: 'Shop <shop@example.com>' },
  transport,
  send: true,
  preview: false,
  views: {
    root: path.join(import.meta.dirname, 'templates'),
    options: { extension: 'ejs' },
  },
})

const { id } = await email.send({
  template: 'welcome',
  message: { to: 'Юлия <julia@example.org>' },
  locals: { name: 'Юлия' },
})
console.log(JSON.stringify({ id }))
transport.close()
