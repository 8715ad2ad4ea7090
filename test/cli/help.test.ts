import { readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'

import { expect, test } from 'vitest'

import { parseCommandLine } from '../../src/cli/command-line.ts'
import { COMMANDS, commandsOf, GROUPS } from '../../src/cli/commands.ts'
import { EXIT, EXIT_MEANINGS, exitCodeOf } from '../../src/cli/exit-codes.ts'
import { groupHelp, HELP } from '../../src/cli/help.ts'
import { jsonLines, runCli } from '../support/cli.ts'
import { runInside } from '../support/cli-inside.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const NAMES = Object.keys(COMMANDS)

/** The words before the double space of an indented list. */
function listedIn(text: string): readonly string[] {
  return [...text.matchAll(/^ {2}(\w+) {2,}\S/gm)].map(([, name = '']) => name)
}

test('every command and every group is listed', () => {
  const groups = Object.keys(GROUPS)
  const single = NAMES.filter((name) => !name.includes(' '))
  expect(new Set(listedIn(HELP))).toEqual(new Set([...single, ...groups, 'help']))
  expect(single.filter((name) => groups.includes(name))).toEqual([])
  const pairs = groups.flatMap((group) => commandsOf(group).map((word) => `${group} ${word}`))
  expect(new Set([...single, ...pairs])).toEqual(new Set(NAMES))
})

test.for(NAMES)('the help of %s has a usage line and an example of it', async (name) => {
  const help = (await COMMANDS[name]?.load())?.help ?? ''
  expect(help).toMatch(new RegExp(`^mailroom ${name}: .+\n\nUsage: mailroom ${name}\\b`))
  expect(help).toMatch(new RegExp(`\nExamples?:\n(?:  .*\n)*  .*mailroom ${name}\\b`))
})

test.for(NAMES)('the help of %s tells each of its own options', async (name) => {
  const { help = '', options = {} } = (await COMMANDS[name]?.load()) ?? {}
  const told = new Set((help + HELP).match(/--[a-z][\w-]*/g))
  const untold = Object.keys(options).filter((option) => !told.has(`--${option}`))
  expect(untold).toEqual([])
})

test.for(Object.keys(GROUPS))('the help of the group %s lists its commands', async (group) => {
  await using directory = await temporaryDirectory()
  const cwd = directory.path
  const help = groupHelp(group)
  expect(listedIn(help)).toEqual(commandsOf(group))
  expect(await runInside(['help', group], { cwd })).toEqual({ code: 0, out: help, err: '' })
  expect(await runInside([group, '--help'], { cwd })).toEqual({ code: 0, out: help, err: '' })
})

test('a command of a group has its own help', async () => {
  await using directory = await temporaryDirectory()
  const cwd = directory.path
  const help = (await COMMANDS['connections list']?.load())?.help
  for (const args of ['help connections list', 'connections list --help']) {
    expect(await runInside(args.split(' '), { cwd })).toEqual({ code: 0, out: help, err: '' })
  }
})

test('help, its commands and exit codes are printed and are no failure', async () => {
  await using directory = await temporaryDirectory()
  const cwd = directory.path
  const send = (await COMMANDS['send']?.load())?.help
  expect(await runCli([], { cwd })).toEqual({ code: 0, out: HELP, err: '' })
  expect(await runCli(['--help'], { cwd })).toEqual({ code: 0, out: HELP, err: '' })
  expect(await runCli(['send', '--help'], { cwd })).toEqual({ code: 0, out: send, err: '' })
  expect(await runCli(['help', 'send'], { cwd })).toEqual({ code: 0, out: send, err: '' })
  const { out, err } = await runCli(['help', 'exit-codes'], { cwd })
  expect(err).toBe('')
  for (const [code, meaning] of Object.entries(EXIT_MEANINGS)) {
    expect(out).toMatch(new RegExp(`^ +${code}  ${meaning.replaceAll(/[()]/g, '.')}$`, 'm'))
  }
})

test('the version is that of the package', async () => {
  await using directory = await temporaryDirectory()
  expect(await runCli(['--version'], { cwd: directory.path })).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    err: '',
  })
})

const OPTIONS = {
  connection: { type: 'string' },
  to: { type: 'string', multiple: true },
  wait: { type: 'boolean', short: 'w' },
} as const

test('options and arguments are taken apart', () => {
  const args = ['--to', 'a', '--connection=b', 'id', '-w', '--to=c', '--', '--not-an-option']
  expect(parseCommandLine('send', args, OPTIONS, 2)).toEqual({
    values: { connection: 'b', to: ['a', 'c'], wait: true, __proto__: null },
    positionals: ['id', '--not-an-option'],
  })
})

test.for<[string[], string]>([
  [['--conection', 'a'], '"send" has no option "--conection": did you mean "--connection"?'],
  [['--bananas'], '"send" has no option "--bananas": see "mailroom help send"'],
  [['-x'], '"send" has no option "-x": see "mailroom help send"'],
  [['--constructor'], '"send" has no option "--constructor": see "mailroom help send"'],
  [['--connection'], '"--connection" expects a value: see "mailroom help send"'],
  [['--wait=yes'], '"--wait" takes no value: see "mailroom help send"'],
  [['extra'], '"send" does not expect the argument "extra": see "mailroom help send"'],
])('%j is a usage error that says what to do', ([args, message]) => {
  expect(() => parseCommandLine('send', args, OPTIONS)).toThrow(
    expect.objectContaining({ code: 'USAGE', message }),
  )
})

test.for<[string, number]>([
  ['USAGE', 2],
  ['INVALID_CONFIGURATION', 3],
  ['PORT_IN_USE', 3],
  ['STORE_UNREACHABLE', 4],
  ['INVALID_JOB', 6],
  ['JOB_TOO_LARGE', 6],
  ['IDEMPOTENCY_CONFLICT', 6],
  ['QUEUE_FULL', 75],
  ['NOT_SETTLED', 75],
  ['SOMETHING_ELSE', EXIT.failure],
  ['constructor', EXIT.failure],
])('%s exits with %i', ([code, exit]) => {
  expect(exitCodeOf(code)).toBe(exit)
})

/** Errors of programs rather than of people at a terminal: they exit with 1. */
const UNPLACED = [
  'CLOCK_SKEW',
  'CONSUMER_STOPPED',
  'CONTENT_GONE',
  'HASTY_STORE',
  'JOB_INTERRUPTED',
  'JOB_LOCK_LOST',
  'NOTICE_TOO_LONG',
  'SEND_MANY_STOPPED',
  'UNKNOWN_MESSAGE',
  'UNSUPPORTED_JOB_VERSION',
]

test('every error has found its exit code', async () => {
  const src = path.resolve(import.meta.dirname, '../../src')
  const files = (await readdir(src, { recursive: true })).filter((file) => file.endsWith('.ts'))
  const texts = await Promise.all(files.map((file) => readFile(path.join(src, file), 'utf8')))
  const codes = texts.flatMap((text) =>
    [...text.matchAll(/override readonly code = '([A-Z_]+)'/g)].map(([, code]) => code ?? ''),
  )
  expect(codes.length).toBeGreaterThan(40)
  expect(codes.filter((code) => exitCodeOf(code) === EXIT.failure).toSorted()).toEqual(UNPLACED)
})

const BAD_CONFIG = `export default { connections: { relay: { server: 'a b', port: 70000 } } }`

test.for<[args: string[], code: number, err: RegExp]>([
  [['sned'], 2, /^mailroom: there is no command "sned": did you mean "send"\? \(USAGE\)\n$/],
  [['connections'], 2, /^mailroom: "connections" expects one of list.*: see "mailroom help conn/],
  [['connections', '--json'], 2, /^\{"event":"error","code":"USAGE"/],
  [['connections', 'lsit'], 2, /^mailroom: .* "connections lsit": did you mean "connections list"/],
  [['connections', 'x'], 2, /^mailroom: .* "connections x": see "mailroom help connections"/],
  [['conections', 'list'], 2, /^mailroom: .* "conections": did you mean "connections"\?/],
  [['send', '--prot', '1'], 2, /^mailroom: "send" has no option "--prot".* \(USAGE\)\n$/],
  [['dashboard', '--port', '99999'], 2, /^mailroom: "--port" expects a port .*\(USAGE\)\n$/],
  [['send', '--wait', '--timeout', 'soon', '--to', 'a@b.c'], 2, /\(INVALID_DURATION\)\n$/],
  [['send'], 2, /^mailroom: expected a message on standard input, got nothing \(USAGE\)\n$/],
  [['get'], 2, /^mailroom: "get" expects the id of a message \(USAGE\)\n$/],
  [['worker'], 3, /^mailroom: there is no configuration in ".*": .* \(CONFIG_NOT_FOUND\)\n$/],
  [['worker', '--config', 'none.ts'], 3, /^mailroom: there is no configuration file ".*none.ts"/],
  [['status', '--config', 'bad.ts'], 3, /^mailroom: configuration has 2 problems\n.*port/s],
  [['status', '--connection', 'defualt'], 3, /did you mean "default"\?.*\(UNKNOWN_CONNECTION\)\n$/],
  [['status', '--queue', 'mysql://secret@host'], 3, /\(INVALID_STORE_LOCATION\)\n$/],
  [['status', '--queue', 'redis://u:secret@127.0.0.1:1'], 4, /\(STORE_UNREACHABLE\)\n$/],
  [['send', '--to', 'secret@@x', '--text', 'hi'], 6, /\(INVALID_JOB\)\n$/],
])('mailroom %j exits with %i and one error', async ([args, code, err]) => {
  await using directory = await temporaryDirectory()
  await writeFile(path.join(directory.path, 'bad.ts'), BAD_CONFIG)
  const result = await runInside(args, { cwd: directory.path })
  expect(result).toMatchObject({ code, out: '' })
  expect(result.err).toMatch(err)
  expect(result.err).not.toContain('secret')
  expect(result.err).not.toMatch(/^\s+at /m)
})

test('with --json an error is a JSON object, with --verbose its stack follows', async () => {
  await using directory = await temporaryDirectory()
  const json = await runInside(['worker', '--json'], { cwd: directory.path })
  expect(jsonLines(json.err)).toEqual([
    { event: 'error', code: 'CONFIG_NOT_FOUND', exitCode: 3, message: expect.any(String) },
  ])
  const verbose = await runInside(['worker', '--verbose'], { cwd: directory.path })
  expect(verbose.err).toMatch(/^mailroom: .*\nConfigNotFoundError: .*\n +at /)
})
