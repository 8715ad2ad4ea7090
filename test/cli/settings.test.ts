import { expect, test } from 'vitest'

import type { SettingFlags, Settings } from '../../src/cli/settings.ts'
import { resolveSettings } from '../../src/cli/settings.ts'

interface Case {
  readonly flags?: SettingFlags
  readonly env?: Record<string, string>
  readonly file?: { queue?: string }
  readonly isTerminal?: boolean
}

function settings({ flags = {}, env = {}, file = {}, isTerminal = true }: Case): Settings {
  return resolveSettings(flags, { env, cwd: '/project', isTerminal }, file)
}

const FORCED = { FORCE_COLOR: '1' }
const MAILROOM_QUEUE = 'redis://env'

test.for<[string, Case, Partial<Settings>]>([
  ['the default store lies in the directory', {}, { queue: 'embedded:/project/.mailroom/store' }],
  ['the file beats the default', { file: { queue: 'redis://file' } }, { queue: 'redis://file' }],
  [
    'the environment beats the file',
    { env: { MAILROOM_QUEUE }, file: { queue: 'redis://file' } },
    { queue: 'redis://env' },
  ],
  [
    'a flag beats the environment',
    { flags: { queue: 'redis://flag' }, env: { MAILROOM_QUEUE } },
    { queue: 'redis://flag' },
  ],
  [
    'an empty variable is no setting',
    { env: { MAILROOM_QUEUE: '' }, file: { queue: 'redis://file' } },
    { queue: 'redis://file' },
  ],
  ['the environment names the file', { env: { MAILROOM_CONFIG: 'a.ts' } }, { configFile: 'a.ts' }],
  [
    'a flag names another file',
    { flags: { config: 'b.ts' }, env: { MAILROOM_CONFIG: 'a.ts' } },
    { configFile: 'b.ts' },
  ],
  ['no environment counts', { env: { NODE_ENV: 'production' } }, { environment: undefined }],
  ['a variable names it', { env: { MAILROOM_ENV: 'staging' } }, { environment: 'staging' }],
  [
    'a flag names another environment',
    { flags: { environment: 'production' }, env: { MAILROOM_ENV: 'staging' } },
    { environment: 'production' },
  ],
  ['the level is info', {}, { logLevel: 'info' }],
  ['the environment sets the level', { env: { MAILROOM_LOG_LEVEL: 'warn' } }, { logLevel: 'warn' }],
  [
    'a flag sets the level',
    { flags: { 'log-level': 'debug' }, env: { MAILROOM_LOG_LEVEL: 'warn' } },
    { logLevel: 'debug' },
  ],
  ['a terminal has tables', {}, { lists: 'tables', json: false }],
  ['a pipe has JSON lines', { isTerminal: false }, { lists: 'json', json: false }],
  [
    '--table has tables in a pipe',
    { isTerminal: false, flags: { table: true } },
    { lists: 'tables', color: false },
  ],
  ['JSON has no tables', { flags: { json: true } }, { lists: 'json', json: true }],
  ['a terminal has colours', {}, { color: true }],
  ['a pipe has none', { isTerminal: false }, { color: false }],
  ['JSON has none', { flags: { json: true } }, { color: false, json: true }],
  ['NO_COLOR takes them away', { env: { NO_COLOR: '1' } }, { color: false }],
  ['an empty NO_COLOR does not', { env: { NO_COLOR: '' } }, { color: true }],
  ['FORCE_COLOR gives them to a pipe', { isTerminal: false, env: FORCED }, { color: true }],
  ['FORCE_COLOR beats NO_COLOR', { env: { ...FORCED, NO_COLOR: '1' } }, { color: true }],
  ['FORCE_COLOR=0 takes them away', { env: { FORCE_COLOR: '0' } }, { color: false }],
  ['an empty FORCE_COLOR does nothing', { env: { FORCE_COLOR: '' } }, { color: true }],
  ['JSON has none, forced or not', { flags: { json: true }, env: FORCED }, { color: false }],
  ['--no-color beats FORCE_COLOR', { flags: { 'no-color': true }, env: FORCED }, { color: false }],
  ['--no-color takes them away', { flags: { 'no-color': true } }, { color: false }],
])('%s', ([, given, expected]) => {
  expect(settings(given)).toMatchObject(expected)
})

test('JSON and tables at once is a usage error', () => {
  expect(() => settings({ flags: { json: true, table: true } })).toThrow(
    expect.objectContaining({ code: 'USAGE', message: '"--json" and "--table": give one of them' }),
  )
})

test('a level that nobody knows is a usage error that names the known ones', () => {
  expect(() => settings({ flags: { 'log-level': 'loud' } })).toThrow(
    'expected a log level of debug, info, warn, error, silent, got "loud"',
  )
})
