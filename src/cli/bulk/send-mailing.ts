import path from 'node:path'

import type { Mail } from '../../producer/mailroom.ts'
import type { Context } from '../context.ts'
import { UsageError } from '../errors.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { openProducer } from '../producer.ts'
import type { Setup } from '../setup.ts'
import { untilSignal } from '../signals.ts'
import { checkRecipients, type Checked } from './check.ts'
import { openCsv, type CsvFile } from './csv.ts'
import { RecipientsChangedError } from './errors.ts'
import { handIn, type HandedIn } from './hand-in.ts'
import { createMailing, type Mailing } from './mailing.ts'
import { createProgress } from './progress.ts'
import { readColumns, readRecipients, type Columns } from './recipients.ts'
import { openRejectedRows, type RejectedRow } from './rejected-rows.ts'

export interface MailingRequest {
  /** Without recipients in `message.to`. */
  readonly mail: Mail<string>
  readonly attachmentRoots: readonly string[]
  /** The file of recipients, as it was named. */
  readonly toFile: string
  readonly separator: string | undefined
  readonly campaign: string | undefined
  /** Where rejected rows go; without it one unusable row keeps everything back. */
  readonly errors: string | undefined
  readonly isDryRun: boolean
}

/** Everything that one run holds in hand. */
interface Run {
  readonly file: CsvFile
  readonly columns: Columns
  readonly mailing: Mailing
  readonly checked: Checked
}

/**
 * Sends a message to everybody in a file, each once, however often the command runs.
 *
 * The file is read twice: nothing is sent before all of it was checked.
 */
export async function sendMailing(
  request: MailingRequest,
  setup: Setup,
  context: Context,
): Promise<ExitCode> {
  const { terminal } = setup
  const stopping = new AbortController()
  void untilSignal(context.signals, context.exit).then((name) => stopping.abort(name))
  const { signal } = stopping
  const leavesOut = request.errors !== undefined
  const where = path.resolve(context.cwd, request.toFile)
  await using file = await openCsv(where, request.toFile, request.separator)
  await checkErrorsFile(request, file, context)
  try {
    const columns = await readColumns(file)
    const mailing = await createMailing(request.mail, columns, request.campaign)
    const checked = await checkRecipients(file, columns, mailing, { leavesOut, signal })
    const { campaign } = mailing
    const { first, ...facts } = checked
    const summary = describeCheck(checked)
    terminal.warn(
      { event: 'checked', campaign, ...facts },
      `mailroom: ${request.toFile}: ${summary}`,
    )
    if (!request.isDryRun) {
      return await run({ file, columns, mailing, checked }, request, setup, context, signal)
    }
    const example = first && mailing.mailFor(first).message
    const { to, subject, text } = example ?? {}
    terminal.tell({ event: 'dry-run', campaign, ...facts, example: { to, subject, text } }, summary)
    return EXIT.ok
  } catch (error) {
    if (!signal.aborted) throw error
    return signal.reason === 'SIGTERM' ? EXIT.terminated : EXIT.interrupted
  }
}

async function checkErrorsFile(
  { errors }: MailingRequest,
  file: CsvFile,
  { cwd }: Context,
): Promise<void> {
  if (errors === undefined || !(await file.isAt(path.resolve(cwd, errors)))) return
  throw new UsageError(
    `"--errors" and "--to-file" name the same file, "${errors}": expected another one for the rows that are left out`,
  )
}

async function run(
  { file, columns, mailing, checked }: Run,
  request: MailingRequest,
  setup: Setup,
  context: Context,
  signal: AbortSignal,
): Promise<ExitCode> {
  const { terminal } = setup
  const { toFile, errors, attachmentRoots } = request
  if (!(await file.isUnchanged())) throw new RecipientsChangedError(toFile)
  await using rejectedRows =
    errors === undefined
      ? undefined
      : await openRejectedRows(path.resolve(context.cwd, errors), file, columns)
  const progress = createProgress({ err: context.err, terminal, now: () => performance.now() })
  let now: HandedIn = { accepted: 0, known: 0, rejected: 0, isWaiting: false }
  const onRejected = async (row: RejectedRow): Promise<void> => {
    await rejectedRows?.add(row)
    if (rejectedRows !== undefined) return
    const { line, problem } = row
    terminal.warn({ event: 'rejected', line, problem }, `mailroom: ${toFile}:${line}: ${problem}`)
  }
  const onProgress = (handedIn: HandedIn): void => {
    now = handedIn
    const { accepted, known, rejected, isWaiting } = handedIn
    progress.tell({ done: accepted + known + rejected, total: checked.rows, isWaiting })
  }
  const tell = (event: 'handed-in' | 'stopped'): void => {
    const { accepted, known, rejected } = now
    const { campaign } = mailing
    progress.end()
    terminal.tell(
      { event, campaign, rows: checked.rows, accepted, known, rejected },
      `${event === 'stopped' ? 'stopped: ' : ''}${accepted} accepted, ${known} known before, ` +
        `${rejected} rejected of ${checked.rows} rows (campaign ${campaign})`,
    )
  }
  await using mailroom = openProducer(setup, { attachmentRoots })
  try {
    const rows = readRecipients(file, columns, mailing)
    await handIn(rows, mailroom, { mailing, signal, onRejected, onProgress })
  } catch (error) {
    tell('stopped')
    terminal.remark('run the same command again to go on: nobody gets the message twice')
    throw error
  }
  tell('handed-in')
  if (!(await file.isUnchanged())) throw new RecipientsChangedError(toFile)
  return now.rejected === 0 ? EXIT.ok : EXIT.message
}

function describeCheck({ rows, unusable, repeated, sameAddress }: Checked): string {
  const remarks = [
    `${rows} rows`,
    ...(unusable > 0 ? [`${unusable} cannot be sent to`] : []),
    ...(repeated > 0 ? [`${repeated} repeat another row and are sent once`] : []),
    ...(sameAddress > 0 ? [`${sameAddress} have an address again with another message`] : []),
  ]
  return remarks.join(', ')
}
