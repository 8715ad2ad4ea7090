import { setTimeout as delay } from 'node:timers/promises'

import { createMailroom, type MailroomConfig } from '../../src/index.ts'

/** So many messages are sent together, and looked for so often. */
const CHUNK = 500
const LOOK_MS = 50

/** Has mail wait for `connection` until it is disposed, however fast it is taken and how long that is. */
export function keepMailWaiting(config: MailroomConfig, connection: string): AsyncDisposable {
  const mailroom = createMailroom(config)
  const ending = new AbortController()
  const message = { from: 'app@example.com', to: 'ann@example.org', text: 'Hello' }
  const mails = Array.from({ length: CHUNK }, () => ({ connection, message }))
  const go = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      const { waiting } = await mailroom.status(connection)
      if (waiting < CHUNK) await mailroom.sendMany(mails, { chunkSize: CHUNK })
      else await delay(LOOK_MS)
    }
  }
  const flowing = go()
  // Heard when it is disposed.
  flowing.catch(() => undefined)
  return {
    [Symbol.asyncDispose]: async () => {
      ending.abort()
      try {
        await flowing
      } finally {
        await mailroom.close()
      }
    },
  }
}
