import { EXIT } from './exit-codes.ts'
import { watchOutputs } from './outputs.ts'
import { run } from './run.ts'
import type { Surroundings } from './settings.ts'

/** Runs the command line of this process and ends it with its exit code. */
export async function runProcess(surroundings: Surroundings): Promise<never> {
  // What has begun, such as a mailing, goes on to its end and its exit code though nobody reads of it.
  // What would never end is told to stop.
  const outputs = watchOutputs(process.stdout, process.stderr)
  const exitCode = await run(process.argv.slice(2), {
    ...surroundings,
    stdin: process.stdin,
    out: process.stdout,
    err: process.stderr,
    signals: process,
    exit: (code) => process.exit(code),
    unread: outputs.unread,
  })
  // Everything is closed by now: what the system still owes us, such as a file on a disk that is gone,
  // is not waited for. What was written is.
  await outputs.written()
  if (outputs.fault !== undefined) {
    process.stderr.write(`mailroom: standard output cannot be written (${outputs.fault})\n`)
    await outputs.written()
  }
  return process.exit(outputs.fault !== undefined && exitCode === EXIT.ok ? EXIT.failure : exitCode)
}
