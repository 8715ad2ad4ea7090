import { resolve } from 'node:path'

import { expect, test } from 'vitest'

import { runDocumentedCommands } from './documented-commands.ts'

/** Several dozen commands, one after another as a reader would run them, each a process. */
const TIMEOUT_MS = 240_000

test('every command of the documents does what they say', { timeout: TIMEOUT_MS }, async () => {
  const root = resolve(import.meta.dirname, '../..')
  expect(await runDocumentedCommands(root)).toBeGreaterThan(8)
})
