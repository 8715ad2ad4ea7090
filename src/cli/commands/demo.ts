import { formatDuration, parseDuration } from '../../duration.ts'
import type { MessageRecord } from '../../ledger/ledger.ts'
import type { CaughtMail } from '../catch-all.ts'
import { openCatchAll } from '../catch-all.ts'
import { COMMON_OPTIONS, parseCommandLine } from '../command-line.ts'
import type { Command } from '../context.ts'
import { DEMO_MESSAGES, type DemoMessage } from '../demo-messages.ts'
import { chooseDemoDirectory, placesIn, redirected } from '../development.ts'
import type { ExitCode } from '../exit-codes.ts'
import { EXIT } from '../exit-codes.ts'
import { openProducer } from '../producer.ts'
import { loadSetup, type Setup } from '../setup.ts'
import { untilSignal } from '../signals.ts'
import type { Terminal } from '../terminal.ts'
import { openWork } from '../work.ts'
import { createConnections } from '../../connections/connections.ts'

const OPTIONS = { ...COMMON_OPTIONS, dir: { type: 'string' }, timeout: { type: 'string' } } as const

const CONNECTION = 'demo relay'

interface Delivered extends DemoMessage {
  readonly record: MessageRecord
}

/** `mailroom demo`: the main job with nothing but this machine. */
export const demo: Command = {
  help: `mailroom demo: deliver three messages, everything embedded, and show where they are

Usage: mailroom demo [options]

  --dir DIR        where the store and the mails are kept; .mailroom/demo by default
  --timeout TIME   how long a message may take; 1m by default

An embedded store, a catch-all SMTP server and a worker start; three messages go through the
connection manager "${CONNECTION}" and arrive as .eml files. Then everything stops. No mail leaves
this machine.

Example:
  mailroom demo
`,
  options: OPTIONS,
  run: async (args, context) => {
    const { values } = parseCommandLine('demo', args, OPTIONS)
    const timeoutMs = parseDuration(values.timeout ?? '1m')
    const places = placesIn(values.dir ?? (await chooseDemoDirectory(context.cwd)), context.cwd)
    const begun = performance.now()
    const given = await loadSetup({ ...values, 'log-level': 'warn' }, context, { file: 'none' })
    const { terminal } = given
    const stopped = untilSignal(context.signals, context.exit)
    const caught: CaughtMail[] = []

    await using opened = new AsyncDisposableStack()
    const catchAll = opened.use(
      await openCatchAll({ directory: places.mails, port: 0, onMail: (mail) => caught.push(mail) }),
    )
    terminal.say(`catch-all SMTP server on ${catchAll.host}:${catchAll.port}`)
    terminal.say(`embedded store in ${places.queue.replace('embedded:', '')}`)
    const { connections } = createConnections({ [CONNECTION]: { server: '127.0.0.1' } })
    const setup = redirected(
      { ...given, config: { ...given.config, connections } },
      catchAll,
      values.queue ?? places.queue,
    )
    const work = opened.use(
      await openWork(setup, context, {
        stopWithinMs: 5000,
        forPeople: true,
        allowUnsafeStore: true,
      }),
    )
    const stopping = new AbortController()
    const wait = { timeoutMs, signal: stopping.signal }
    const delivered = await Promise.race([sendAll(setup, work.start(), wait), stopped])
    if (typeof delivered === 'string') {
      stopping.abort()
      return EXIT.notDelivered
    }
    return tellResult(delivered, caught, begun, terminal)
  },
}

async function sendAll(
  setup: Setup,
  started: Promise<void>,
  wait: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<readonly Delivered[]> {
  await using mailroom = openProducer(setup)
  await started
  wait.signal.throwIfAborted()
  setup.terminal.say(`worker takes mail for "${CONNECTION}"\n`)
  return await Promise.all(
    DEMO_MESSAGES.map(async (demoMessage) => {
      const { message, subject } = demoMessage
      const { id } = await mailroom.send({
        connection: CONNECTION,
        message: { ...message, subject },
      })
      return { ...demoMessage, record: await mailroom.untilSettled(id, wait) }
    }),
  )
}

function tellResult(
  delivered: readonly Delivered[],
  caught: readonly CaughtMail[],
  begun: number,
  terminal: Terminal,
): ExitCode {
  for (const { shows, subject, record } of delivered) {
    const { id, state, connection, recipients, last } = record
    const reply = [last?.code, last?.status].filter((part) => part !== undefined).join(' ')
    const mails = caught.filter((mail) => mail.subject === subject)
    const files = mails.map(({ file }) => file)
    terminal.tell(
      { event: state, id, connection, shows, subject, recipients: recipients.length, reply, files },
      `${terminal.style(state === 'delivered' ? 'green' : 'red', state)}  ${shows}: "${subject}"`,
    )
    for (const { file, to } of mails)
      terminal.say(`           to ${to.join(', ')}\n           ${file}`)
  }
  const isDone = delivered.every(({ record }) => record.state === 'delivered')
  terminal.say(
    `\n${delivered.length} messages and ${caught.length} files in ${formatDuration(performance.now() - begun)}`,
  )
  return isDone && caught.length === delivered.length ? EXIT.ok : EXIT.notDelivered
}
