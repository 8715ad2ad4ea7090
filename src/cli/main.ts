#!/usr/bin/env node
import { run } from './run.ts'
import { readSurroundings } from './settings.ts'

// A reader that went away (`mailroom status | head -1`) is no fault of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
})

process.exitCode = await run(process.argv.slice(2), {
  ...readSurroundings(),
  stdin: process.stdin,
  out: process.stdout,
  err: process.stderr,
  signals: process,
  exit: (code) => process.exit(code),
})
