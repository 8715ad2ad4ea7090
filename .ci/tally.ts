/** Prints how many tests passed, failed and were skipped, from vitest's JSON report. */
import { readFileSync } from 'node:fs'

const report = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
}
console.log(
  `\n${report.numPassedTests} passed, ${report.numFailedTests} failed, ${report.numPendingTests} skipped`,
)
