/**
 * The proof that no mail is lost and none sent twice blindly: every kind of harm, counted.
 *
 * Each case sends messages through workers of their own processes to a mail server that writes down
 * what it takes, while server, workers, clocks or store are hurt. Then what was accepted, what the
 * server has and what the ledger says are compared; `docs/delivery.md` explains the columns.
 *
 *   ./dev run bench/accounting.ts [--only "name of a case"] [--store redis|postgres|embedded]
 *       [--policy hold|resend|accept] [--messages 400] [--times 12] [--seed 1]
 *
 * All cases on all their stores by default. Ends with 1 when a message was lost or sent twice against
 * its policy, or when the ledger and the server disagree; the command that does it again is printed.
 */
import { parseArgs } from 'node:util'

import { POLICIES, type Policy } from '../test/chaos/accountant.ts'
import { CASES } from '../test/chaos/cases.ts'
import { openChaosStore, STORES } from '../test/chaos/chaos-store.ts'
import { commandOf, runCase, type Run } from '../test/chaos/run-case.ts'

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    store: { type: 'string' },
    policy: { type: 'string', default: 'hold' },
    messages: { type: 'string', default: '400' },
    times: { type: 'string', default: '12' },
    seed: { type: 'string', default: '1' },
  },
})
const COLUMNS = 'fault | store | policy | messages | delivered | uncertain | lost | duplicated'
const DEADLINE_MS = 600_000

const options = {
  policy: policyOf(values.policy),
  messages: countOf('messages', values.messages),
  times: countOf('times', values.times),
  seed: countOf('seed', values.seed),
  deadlineMs: DEADLINE_MS,
}
const cases = CASES.filter(({ name }) => values.only === undefined || name === values.only)
if (cases.length === 0) throw new Error(`no such case; there are ${CASES.map(nameOf).join(', ')}`)

const runs: Run[] = []
console.log(`| ${COLUMNS} |`)
console.log(`|${'---|'.repeat(COLUMNS.split('|').length)}`)
for (const kind of STORES) {
  if (values.store !== undefined && values.store !== kind) continue
  const here = cases.filter(({ stores }) => stores.includes(kind))
  if (here.length === 0) continue
  await using store = await openChaosStore(kind)
  for (const chaos of here) {
    const run = await runCase(chaos, store, options)
    runs.push(run)
    console.log(rowOf(run))
    for (const wrong of run.wrongs) console.error(`  ${wrong}`)
    if (run.wrongs.length > 0) console.error(`  again: ${commandOf(run)}`)
  }
}
const sum = (of: (run: Run) => number): number => runs.reduce((all, run) => all + of(run), 0)
console.log(
  `\n${sum(({ messages }) => messages)} messages, ${sum(({ lost }) => lost)} lost, ` +
    `${sum(({ duplicated }) => duplicated)} duplicated, ${sum(({ harm }) => harm)} times harmed`,
)
if (runs.length === 0 || runs.some(({ wrongs }) => wrongs.length > 0)) process.exitCode = 1

function rowOf(run: Run): string {
  const { name, store, policy, messages, delivered, uncertain, lost, duplicated } = run
  return `| ${[name, store, policy, messages, delivered, uncertain, lost, duplicated].join(' | ')} |`
}

function nameOf({ name }: { readonly name: string }): string {
  return `"${name}"`
}

function policyOf(text: string): Policy {
  const policy = POLICIES.find((one) => one === text)
  if (policy === undefined) throw new Error(`expected one of ${POLICIES.join(', ')}, got "${text}"`)
  return policy
}

function countOf(what: string, text: string): number {
  const count = Number(text)
  if (!Number.isSafeInteger(count) || count < 1) throw new Error(`--${what}: expected a count`)
  return count
}
