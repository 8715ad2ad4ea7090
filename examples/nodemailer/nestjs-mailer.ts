// Sends with the mailer module of NestJS through the queue: only the transport is new.
import 'reflect-metadata'

import { MailerModule, MailerService } from '@nestjs-modules/mailer'
import { Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { mailroomTransport } from 'mailroom'

class AppModule {}
// As the decorator @Module, without a compiler for decorators.
Module({
  imports: [
    MailerModule.forRoot({
      transport: mailroomTransport({
        connection: 'relay',
        queue: process.env['MAILROOM_QUEUE'] ?? 'embedded:.mailroom/store',
        connections: { relay: { server: '127.0.0.1', port: 2525, tls: 'none' } },
      }),
      defaults: { from: 'Shop <shop@example.com>' },
    }),
  ],
})(AppModule)

const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error'] })
const { id } = await app.get(MailerService).sendMail({
  to: 'bob@example.org',
  subject: 'Your order {{number}}',
  html: '<p>Order <b>{{number}}</b> is on its way.</p>',
  context: { number: 4711 },
  attachments: [{ filename: 'order.txt', content: 'one teapot\n' }],
})
console.log(JSON.stringify({ id }))
await app.close()
