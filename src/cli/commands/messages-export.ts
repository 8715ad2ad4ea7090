import { mkdir } from 'node:fs/promises'
import path from 'node:path'

import { isMailroomError } from '../../errors.ts'
import type { MessageRecord } from '../../ledger/ledger.ts'
import { UnknownMessageError } from '../../producer/errors.ts'
import { eachHeld, listHeld, type HeldQuery } from '../../producer/held.ts'
import { COMMON_OPTIONS, parseCommandLine } from '../command-line.ts'
import type { Command, Context } from '../context.ts'
import { DirectoryUnusableError, UsageError } from '../errors.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { exportMessage } from '../export-message.ts'
import { HELD_OPTIONS, heldQueryOf } from '../held-options.ts'
import { openPrivateFile } from '../private-file.ts'
import { loadSetup, type Setup } from '../setup.ts'
import { openStoreView, type StoreView } from '../store-view.ts'

const OPTIONS = {
  ...COMMON_OPTIONS,
  ...HELD_OPTIONS,
  'to-file': { type: 'string' },
  'to-folder': { type: 'string' },
} as const

/** `mailroom messages export`: writes messages as they would be sent. */
export const messagesExport: Command = {
  help: `mailroom messages export: a message as it would be sent, as an .eml file

Usage: mailroom messages export ID [--to-file FILE] [options]
       mailroom messages export [--state STATE] [--connection NAME] --to-folder FOLDER [options]

  --to-file FILE      where to; standard output by default
  --to-folder FOLDER  every held message as ID.eml, with its record and timeline as ID.json
  --state STATE       only uncertain, refused or expired ones
  --connection NAME   only those of this connection manager or group

Only what waits or is held has content; of a delivered message the record is left. What is there
already is written anew. Files are readable by their owner only: they hold somebody's mail.

Examples:
  mailroom messages export m-0190f3c1 --to-file letter.eml
  mailroom messages export --state refused --to-folder refused
`,
  options: OPTIONS,
  run: async (args, context) => {
    const { values, positionals } = parseCommandLine('messages export', args, OPTIONS, 1)
    const [id] = positionals
    const file = values['to-file']
    const folder = values['to-folder']
    const query = heldQueryOf(values)
    const isSelection = values.state !== undefined || values.connection !== undefined
    if (
      id === undefined
        ? folder === undefined || file !== undefined
        : isSelection || folder !== undefined
    ) {
      throw new UsageError(
        '"messages export" expects an id, and "--to-file" perhaps, or "--to-folder": see "mailroom help messages export"',
      )
    }
    const setup = await loadSetup(values, context)
    await using view = await openStoreView(setup)
    if (id !== undefined) return await exportOne(id, file, view, setup, context)
    return await exportHeld(query, path.resolve(context.cwd, folder ?? '.'), view, setup)
  },
}

async function exportOne(
  id: string,
  file: string | undefined,
  { ledger, queues, contents }: StoreView,
  { config, terminal }: Setup,
  { out, cwd }: Context,
): Promise<ExitCode> {
  const record = await ledger.get(id)
  if (record === undefined) throw new UnknownMessageError(id)
  const message = await exportMessage(record, queues, config.connections, contents)
  if (file === undefined) {
    out.write(message)
    return EXIT.ok
  }
  await writePrivately(path.resolve(cwd, file), message)
  terminal.tell({ id, file, bytes: message.length }, `${file}: ${message.length} bytes`)
  return EXIT.ok
}

async function exportHeld(
  query: HeldQuery,
  folder: string,
  { ledger, queues, contents }: StoreView,
  { config, terminal }: Setup,
): Promise<ExitCode> {
  await mkdir(folder, { recursive: true }).catch(toUnusable(folder))
  let exit: ExitCode = EXIT.ok
  for await (const record of eachHeld((page) => listHeld(ledger, page), query)) {
    const file = path.join(folder, `${fileNameOf(record)}.eml`)
    const { entries: timeline = [], forgotten = 0 } = (await ledger.history(record.id)) ?? {}
    const told = JSON.stringify({ ...record, timeline, forgotten }, undefined, 2)
    await writePrivately(file.replace(/eml$/, 'json'), `${told}\n`)
    try {
      const message = await exportMessage(record, queues, config.connections, contents)
      await writePrivately(file, message)
      terminal.tell({ id: record.id, file, bytes: message.length }, file)
    } catch (error) {
      if (!isMailroomError(error)) throw error
      const { code, message } = error
      terminal.warn({ event: 'error', id: record.id, code, message }, `mailroom: ${message}`)
      exit = EXIT.failure
    }
  }
  return exit
}

/** Ids come from the store: one that is no file's name must not lead out of the folder. */
function fileNameOf({ id }: MessageRecord): string {
  return id.replaceAll(/[^\w.-]/g, '_')
}

async function writePrivately(file: string, content: string | Uint8Array): Promise<void> {
  await using written = await openPrivateFile(file, 'messages')
  await written.write(content)
  await written.keep()
}

function toUnusable(directory: string): (cause: unknown) => never {
  return (cause) => {
    throw new DirectoryUnusableError('messages', directory, { cause })
  }
}
