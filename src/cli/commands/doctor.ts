import { parseDuration } from '../../duration.ts'
import { parseLocation } from '../../store/location.ts'
import { COMMON_OPTIONS, parseCommandLine } from '../command-line.ts'
import type { Command, Context } from '../context.ts'
import { checkConfiguration, checkSecrets } from '../doctor/check-configuration.ts'
import { checkManagers } from '../doctor/check-managers.ts'
import { checkProgram } from '../doctor/check-program.ts'
import { checkStore } from '../doctor/check-store.ts'
import type { Check, CheckState } from '../doctor/check.ts'
import { EXIT } from '../exit-codes.ts'
import { resolveSettings } from '../settings.ts'
import { openTerminal, type Setup } from '../setup.ts'
import { printable } from '../table.ts'
import type { Style, Terminal } from '../terminal.ts'

const OPTIONS = {
  ...COMMON_OPTIONS,
  offline: { type: 'boolean' },
  strict: { type: 'boolean' },
  timeout: { type: 'string' },
} as const

/** `mailroom doctor`: looks at everything that mail needs. */
export const doctor: Command = {
  help: `mailroom doctor: look at everything that mail needs, and say what to do

Usage: mailroom doctor [options]

  --offline        ask no store and no server
  --strict         let warnings count as problems
  --timeout TIME   how long one connection manager may take; 10s by default

Looks at Node.js, the configuration (all its problems), secrets (whether they can be read), the
store (version, how it keeps mail, clock, tables, memory, writes), the workers (how many, which
versions, names without one, pauses) and tries every connection manager. Changes nothing: what it
writes into the store, to see whether it can, is gone at once.

Exit code 7 when there is a problem; warnings alone are no reason unless --strict says so.

Examples:
  mailroom doctor
  mailroom doctor --offline
  mailroom doctor | jq 'select(.state != "ok")'
`,
  options: OPTIONS,
  run: async (args, context) => {
    const { values } = parseCommandLine('doctor', args, OPTIONS)
    const timeoutMs = parseDuration(values.timeout ?? '10s')
    const terminal = openTerminal(resolveSettings(values, context), context)
    const { checks, setup } = await checkConfiguration(values, context)
    const all = [
      ...(await checkProgram(setup !== undefined && usesEmbedded(setup))),
      ...checks,
      ...(setup ? await checkRest(setup, context, { ...values, timeoutMs }) : []),
    ]
    for (const check of all) terminal.show({ ...check }, () => drawCheck(check, terminal))
    const count = (state: CheckState): number => all.filter((check) => check.state === state).length
    terminal.remark(`${some(count('problem'), 'problem')}, ${some(count('warning'), 'warning')}`)
    const isWell = count('problem') + (values.strict === true ? count('warning') : 0) === 0
    return isWell ? EXIT.ok : EXIT.checkFailed
  },
}

interface RestOptions {
  readonly offline?: boolean | undefined
  readonly timeoutMs: number
}

async function checkRest(
  setup: Setup,
  context: Context,
  { offline = false, timeoutMs }: RestOptions,
): Promise<readonly Check[]> {
  const secrets = await checkSecrets(setup, context)
  if (offline) return secrets
  const [store, managers] = await Promise.all([
    checkStore(setup),
    checkManagers(setup, context, timeoutMs),
  ])
  return [...secrets, ...store, ...managers]
}

function usesEmbedded({ settings }: Setup): boolean {
  try {
    return parseLocation(settings.queue).kind === 'embedded'
  } catch {
    return false
  }
}

function some(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

const MARKS: Readonly<Record<CheckState, readonly [mark: string, style: Style]>> = {
  ok: ['✔', 'green'],
  warning: ['!', 'yellow'],
  problem: ['✖', 'red'],
}

function drawCheck({ check, state, detail, advice }: Check, terminal: Terminal): void {
  const [mark, style] = MARKS[state]
  const name = terminal.style('bold', printable(check))
  terminal.say(`${terminal.style(style, mark)} ${name}: ${printable(detail)}`)
  if (advice !== undefined) terminal.say(`    ${printable(advice)}`)
}
