import { createTransport } from 'nodemailer'
import { expect, test } from 'vitest'

import { startMta } from './mta.ts'
import { describeMta } from './redis.ts'

describeMta('the mail server of the tests', () => {
  test('takes hundreds of messages at once and keeps each with its envelope', async () => {
    await using mta = await startMta()
    const transport = createTransport({
      host: '127.0.0.1',
      port: mta.port,
      pool: true,
      maxConnections: 5,
    })
    const numbers = Array.from({ length: 300 }, (_, number) => number)
    await Promise.all(
      numbers.map((number) =>
        transport.sendMail({
          envelope: { from: '', to: [`a${number}@one.test`, `b${number}@two.test`] },
          from: 'sender@example.com',
          to: 'undisclosed@example.com',
          subject: `Nº ${number}`,
          text: '.a line that begins with a dot\nFrom another',
        }),
      ),
    )
    transport.close()

    await expect.poll(async () => (await mta.messages()).length).toBe(300)
    const messages = await mta.messages()
    expect(messages[0]?.from).toBe('')
    expect(new Set(messages.flatMap(({ to }) => to))).toEqual(
      new Set(numbers.flatMap((number) => [`a${number}@one.test`, `b${number}@two.test`])),
    )
    expect(messages[0]?.raw.toString()).toContain(
      '\n\n.a line that begins with a dot\nFrom another\n',
    )
  })
})
