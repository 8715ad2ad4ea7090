import { expect, test } from 'vitest'

import { startSmtpServer } from '../support/smtp-server.ts'
import { embeddedPlace } from '../support/stores.ts'
import { openRoom } from './mail-room.ts'

const COUNT = 60
/** As it is by default: each name looks for jobs of dead workers by itself. */
const PATIENT = { lockMs: 60_000, stalledCheckMs: 30_000, secretsEveryMs: 5_000 }
const NAMES = Array.from({ length: COUNT }, (_, at) => `relay-${at}`)

test('many names on one Postgres are found to work together, and each delivers its mail', async () => {
  await using server = await startSmtpServer()
  const place = embeddedPlace()
  const manager = { server: '127.0.0.1', tls: 'none', port: server.port, limits: { sessions: 2 } }
  const others = Object.fromEntries(NAMES.map((name) => [name, manager]))
  await using room = await openRoom(
    place,
    { port: server.port },
    { ...PATIENT, others, starts: false },
  )
  const message = { from: 'app@example.com', to: 'ann@example.org', subject: 'Hi', text: 'Hello.' }
  await room.mailroom.sendMany(
    NAMES.flatMap((connection) => [1, 2].map(() => ({ connection, message }))),
  )
  await room.worker.start()
  await expect.poll(() => room.told('delivered').length, { timeout: 60_000 }).toBe(2 * COUNT)
  for (const name of NAMES) {
    expect(room.told('delivered').filter(({ connection }) => connection === name)).toHaveLength(2)
  }
  expect(server.mails).toHaveLength(2 * COUNT)
})
