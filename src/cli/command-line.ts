import type { ParseArgsOptionsConfig } from 'node:util'
import { parseArgs } from 'node:util'

import { nearest } from '../connections/nearest.ts'
import { UsageError } from './errors.ts'

/** The options that every command takes. */
export const COMMON_OPTIONS = {
  config: { type: 'string' },
  environment: { type: 'string' },
  queue: { type: 'string' },
  json: { type: 'boolean' },
  table: { type: 'boolean' },
  verbose: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  'no-color': { type: 'boolean' },
} as const satisfies ParseArgsOptionsConfig

type ValueOf<Option> = Option extends { readonly type: 'boolean' } ? boolean : string

/** What was given for each option; a `multiple` one as a list, one that is missing as undefined. */
export type OptionValues<Options extends ParseArgsOptionsConfig> = {
  readonly [Name in keyof Options]?:
    | (Options[Name] extends { readonly multiple: true }
        ? readonly ValueOf<Options[Name]>[]
        : ValueOf<Options[Name]>)
    | undefined
}

export interface CommandLine<Options extends ParseArgsOptionsConfig> {
  readonly values: OptionValues<Options>
  readonly positionals: readonly string[]
}

/**
 * Parses a command's arguments. Throws `UsageError` for an unknown option (with the nearest known
 * one), a missing value, a value too many, or more than `maxPositionals` other arguments.
 */
export function parseCommandLine<const Options extends ParseArgsOptionsConfig>(
  command: string,
  args: readonly string[],
  options: Options,
  maxPositionals = 0,
): CommandLine<Options> {
  const { values, positionals, tokens } = parseArgs({
    args: [...args],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  for (const token of tokens) {
    if (token.kind === 'option') checkOption(command, token, options)
  }
  const extra = positionals[maxPositionals]
  if (extra !== undefined) {
    throw new UsageError(
      `"${command}" does not expect the argument ${JSON.stringify(extra)}: ` +
        `see "mailroom help ${command}"`,
    )
  }
  return { values, positionals }
}

function checkOption(
  command: string,
  token: { readonly name: string; readonly rawName: string; readonly value: string | undefined },
  options: ParseArgsOptionsConfig,
): void {
  const see = `see "mailroom help ${command}"`
  const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined
  if (option === undefined) {
    const hint = nearest(token.name, Object.keys(options))
    const advice = hint === undefined ? see : `did you mean "--${hint}"?`
    throw new UsageError(`"${command}" has no option "${token.rawName}": ${advice}`)
  }
  if (option.type === 'string' && token.value === undefined) {
    throw new UsageError(`"${token.rawName}" expects a value: ${see}`)
  }
  if (option.type === 'boolean' && token.value !== undefined) {
    throw new UsageError(`"${token.rawName}" takes no value: ${see}`)
  }
}

/** A port number given on the command line; 0 takes a free one. Throws `UsageError`. */
export function parsePort(option: string, text: string): number {
  const port = Number(text)
  if (/^\d+$/.test(text) && port <= 65_535) return port
  throw new UsageError(`"--${option}" expects a port from 0 to 65535, got ${JSON.stringify(text)}`)
}

/** A number from 1 to `max` given on the command line. Throws `UsageError`. */
export function parseCount(option: string, text: string, max: number): number {
  const count = Number(text)
  if (/^\d+$/.test(text) && count >= 1 && count <= max) return count
  throw new UsageError(
    `"--${option}" expects a number from 1 to ${max}, got ${JSON.stringify(text)}`,
  )
}
