import { access, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

import { COMMON_OPTIONS, parseCommandLine } from '../command-line.ts'
import { findConfigFiles } from '../config-file.ts'
import { configTemplate, FORMATS, type Format } from '../config/templates.ts'
import type { Command } from '../context.ts'
import { ConfigExistsError, DirectoryUnusableError, UsageError } from '../errors.ts'
import { EXIT } from '../exit-codes.ts'
import { resolveSettings } from '../settings.ts'
import { openTerminal } from '../setup.ts'

const OPTIONS = {
  ...COMMON_OPTIONS,
  format: { type: 'string' },
  force: { type: 'boolean' },
} as const

const SCHEMA = fileURLToPath(new URL('../../../mailroom.schema.json', import.meta.url))

/** `mailroom init`: writes a first configuration. */
export const init: Command = {
  options: OPTIONS,
  help: `mailroom init: write a first configuration, with comments

Usage: mailroom init [options]

  --format FORMAT   ${FORMATS.join(', ')}; ts by default
  --force           write it although there is a configuration

It asks nothing and writes mailroom.config.FORMAT into the current directory: one connection
manager, and what is otherwise in staging and in production. JSON, YAML and TOML refer to the JSON
Schema of the package, by which editors complete and check them.

Examples:
  mailroom init
  mailroom init --format yaml
`,
  run: async (args, context) => {
    const { values } = parseCommandLine('init', args, OPTIONS)
    const format = parseFormat(values.format ?? 'ts')
    const terminal = openTerminal(resolveSettings(values, context), context)
    const isForced = values.force === true
    const [first] = await findConfigFiles(context.cwd)
    if (first !== undefined && !isForced) throw new ConfigExistsError(first)
    const file = path.join(context.cwd, `mailroom.config.${format}`)
    await write(file, configTemplate(format, await schemaFor(context.cwd)), isForced)
    terminal.tell({ event: 'written', file, format }, `wrote ${file}`)
    const [counts] = await findConfigFiles(context.cwd)
    if (counts !== undefined && counts !== file) {
      const message = `"${counts}" beside it is still the configuration: remove it`
      terminal.warn({ event: 'warning', code: 'SEVERAL_CONFIG_FILES', message }, message)
    }
    terminal.say(NEXT)
    return EXIT.ok
  },
}

const NEXT = `
Next:
  mailroom dev      try it: nothing leaves this machine
  mailroom send --connection relay --to bob@example.org --subject Hi --text Hello
  mailroom worker   deliver for real, once "relay" is a server of yours`

function parseFormat(text: string): Format {
  const format = FORMATS.find((known) => known === text)
  if (format !== undefined) return format
  throw new UsageError(`"--format" expects ${FORMATS.join(', ')}, got ${JSON.stringify(text)}`)
}

async function write(file: string, text: string, isForced: boolean): Promise<void> {
  try {
    await writeFile(file, text, { flag: isForced ? 'w' : 'wx' })
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') {
      throw new ConfigExistsError(file)
    }
    throw new DirectoryUnusableError('the configuration', path.dirname(file), { cause })
  }
}

/** The schema as a colleague has it too when the package is installed here, else as it is installed. */
async function schemaFor(cwd: string): Promise<string> {
  const installed = './node_modules/mailroom/mailroom.schema.json'
  try {
    await access(path.join(cwd, installed))
    return installed
  } catch {
    return SCHEMA
  }
}
