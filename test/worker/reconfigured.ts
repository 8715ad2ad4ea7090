import { rename, writeFile } from 'node:fs/promises'

import type { MailroomConfig } from '../../src/index.ts'
import type { TestStore } from '../support/stores.ts'
import type { Room } from './mail-room.ts'

/** A login whose password is in a file. */
export const basic = (file: string) => ({
  method: 'basic' as const,
  user: 'app',
  password: `\${file:${file}}`,
  allowInsecureAuth: true,
})

/** A connection manager of a server on loopback. */
export const plain = (port: number, more: Readonly<Record<string, unknown>> = {}) => ({
  server: '127.0.0.1',
  port,
  tls: 'none' as const,
  ...more,
})

/** Gives the room's worker these connection managers. */
export function reconfigure(
  room: Room,
  store: TestStore,
  connections: Readonly<Record<string, unknown>>,
): ReturnType<Room['worker']['reconfigure']> {
  return room.worker.reconfigure({ ...store, connections } as MailroomConfig)
}

/** Replaces a file at once, as who rotates a secret does. */
export async function write(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text)
  await rename(`${file}.new`, file)
}
