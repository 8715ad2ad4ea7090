/** A producer process: sends `count` messages with keys, then tells its parent what was accepted. */
import { createMailroom } from '../../../src/index.ts'

const { config, connection, count } = JSON.parse(process.argv[2] ?? '{}') as {
  readonly config: Parameters<typeof createMailroom>[0]
  readonly connection: string
  readonly count: number
}
await using mailroom = createMailroom(config)
const progress = await mailroom.sendMany(mails(), { chunkSize: 100 })
process.send?.(progress, () => process.disconnect())

function* mails() {
  for (let at = 0; at < count; at += 1) {
    yield {
      connection,
      message: {
        from: 'App <app@example.com>',
        to: `recipient-${at}@example.org`,
        subject: `Message ${at}`,
        text: `This is message ${at}.`,
      },
      options: { idempotencyKey: `message-${at}` },
    }
  }
}
