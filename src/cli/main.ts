#!/usr/bin/env node
import { run } from './run.ts'
import { readSurroundings } from './settings.ts'

// A reader that went away (`mailroom status | head -1`) is no fault of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
})

const exitCode = await run(process.argv.slice(2), {
  ...readSurroundings(),
  stdin: process.stdin,
  out: process.stdout,
  err: process.stderr,
  signals: process,
  exit: (code) => process.exit(code),
})
// Everything is closed by now: what the system still owes us, such as a file on a disk that is gone,
// is not waited for. What was written is.
await Promise.all([written(process.stdout), written(process.stderr)])
process.exit(exitCode)

function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => void stream.write('', () => resolve()))
}
