#!/usr/bin/env node
import { run } from './run.ts'
import { readSurroundings } from './settings.ts'

// A reader that went away (`mailroom status | head -1`) is no fault of ours: what has begun, such as
// a mailing, goes on to its end and its exit code. What would never end is told to stop.
const unread = new AbortController()
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    if (stream === process.stdout) unread.abort()
  })
}

const exitCode = await run(process.argv.slice(2), {
  ...readSurroundings(),
  stdin: process.stdin,
  out: process.stdout,
  err: process.stderr,
  signals: process,
  exit: (code) => process.exit(code),
  unread: unread.signal,
})
// Everything is closed by now: what the system still owes us, such as a file on a disk that is gone,
// is not waited for. What was written is.
await Promise.all([written(process.stdout), written(process.stderr)])
process.exit(exitCode)

function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => void stream.write('', () => resolve()))
}
