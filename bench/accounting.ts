/**
 * The proof that no mail is lost and none sent twice blindly: every kind of harm, counted.
 *
 * Each case sends messages through workers of their own processes to a mail server that writes down
 * what it takes, while server, workers, clocks or store are hurt. Then what was accepted, what the
 * server has and what the ledger says are compared; `docs/delivery.md` explains the columns.
 *
 *   ./dev run bench/accounting.ts [--only "name of a case"] [--store redis|postgres|embedded]
 *       [--policy hold|resend|accept] [--messages 240] [--times 6] [--seed 1] [--markdown] [--write] [--json FILE]
 *
 * By default all cases on all their stores, on hold, and under the other policies those that leave
 * messages uncertain: more than 20,000 messages. `--times` is how often a case hurts. With `--markdown`
 * the standard output is the table alone, and what happens meanwhile goes to standard error; `--write`
 * puts it into `docs/delivery.md`, and its sums into the README, if all is right. Ends with 1 when a message was lost or sent twice
 * against its policy, or when the ledger and the server disagree; the command that does it again is
 * printed.
 */
import { openChaosStore } from '../test/chaos/chaos-store.ts'
import { commandOf, runCase, type Run } from '../test/chaos/run-case.ts'
import { parseChoice } from './accounting/choice.ts'
import { describeRun, figuresOf, summaryOf, tableOf } from './accounting/table.ts'
import { writeToPage } from './report/page.ts'
import { tell } from './report/report.ts'

const PROGRAM = 'bench/accounting.ts'
const DEADLINE_MS = 300_000

// So that what ends the servers of the stores, when this process does, is called.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

const { stores, turns, markdown, write, json, ...options } = parseChoice()
const say = markdown ? console.error : console.log
const startedAt = performance.now()
const runs: Run[] = []
const unable: string[] = []
for (const kind of stores) {
  const here = turns(kind)
  if (here.length === 0) continue
  await using store = await openChaosStore(kind)
  for (const { chaos, policy } of here) {
    const again = commandOf({ name: chaos.name, store: kind, policy, ...options })
    try {
      const run = await runCase(chaos, store, { ...options, policy, deadlineMs: DEADLINE_MS })
      runs.push(run)
      say(describeRun(run))
      for (const wrong of run.wrongs) console.error(`  ${wrong}`)
      if (run.wrongs.length > 0) console.error(`  again: ${again}`)
    } catch (error) {
      // The others are still worth their time.
      unable.push(again)
      console.error(error, `\n  again: ${again}`)
    }
  }
}
if (runs.length + unable.length === 0) throw new Error('no such case on this store')
const minutes = ((performance.now() - startedAt) / 60_000).toFixed(1)
const isRight = unable.length === 0 && runs.every(({ wrongs }) => wrongs.length === 0)
const { messages, times, seed } = options
const measured = `${tableOf(runs)}

Seed ${seed}, ${messages} messages and ${times} blows a run, ${runs.length} runs in ${minutes} minutes.`
console.log(`${markdown ? '' : '\n'}${measured}`)
if (json !== undefined) {
  await tell({ benchmark: 'accounting', settings: options, figures: figuresOf(runs) }, json)
}
if (isRight && write) {
  await writeToPage('docs/delivery.md', PROGRAM, measured)
  await writeToPage('README.md', PROGRAM, summaryOf(runs))
}
if (!isRight) {
  console.error('Not all is right.')
  process.exitCode = 1
}
