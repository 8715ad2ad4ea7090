import { chmod, mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'

import { expect, test } from 'vitest'

import { commandsOf, GROUPS } from '../../src/cli/commands.ts'
import { candidatesFor } from '../../src/cli/complete.ts'
import { COMPLETION_SCRIPTS, SHELLS } from '../../src/cli/completion-scripts.ts'
import { runCli } from '../support/cli.ts'
import { runInside } from '../support/cli-inside.ts'
import { describeWith } from '../support/redis.ts'
import { provideShell, runShell } from '../support/shells.ts'
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts'

const NAMES = ['relay', 'Mail Server', '报告']
const MAIN = path.resolve(import.meta.dirname, '../../src/cli/main.ts')

async function wordsAfter(line: string): Promise<readonly string[]> {
  const found = await candidatesFor(line.split(' '), () => Promise.resolve(NAMES))
  return found.map(({ word }) => word)
}

test.for<[line: string, words: readonly string[]]>([
  ['conn', ['connections']],
  ['de', ['demo', 'dev']],
  ['connections ', commandsOf('connections')],
  ['connections pa', ['pause']],
  ['connections pause ', NAMES],
  ['connections pause re', ['relay']],
  ['connections pause relay ', ['Mail Server', '报告']],
  ['connections verify relay --ti', ['--timeout']],
  ['connections verify --timeout ', []],
  ['connections verify --timeout 5s --ti', []],
  ['status --connection ', NAMES],
  ['status --connection relay --connection M', ['Mail Server']],
  ['worker --connections relay,M', ['relay,Mail Server']],
  ['send --conf', ['--config']],
  ['send --to a@example.org --te', ['--text']],
  ['completion ', SHELLS],
  ['help conn', ['connections']],
  ['help ex', ['explain', 'exit-codes']],
  ['help queue ', commandsOf('queue')],
  ['nothing ', []],
  ['connections nothing ', []],
  ['connections pause -- --', []],
  ['constructor ', []],
])('%s can become %j', async ([line, words]) => {
  expect(new Set(await wordsAfter(line))).toEqual(new Set(words))
})

test('every command, group and option is told with what it is about', async () => {
  const first = await candidatesFor([''], () => Promise.resolve([]))
  expect(first.every(({ about }) => about !== '')).toBe(true)
  expect(first.map(({ word }) => word)).toEqual(expect.arrayContaining(Object.keys(GROUPS)))
  const options = await candidatesFor(['connections', 'pause', '--'], () => Promise.resolve([]))
  expect(options.find(({ word }) => word === '--reason')?.about).toMatch(/^why; shown by/)
  expect(options.find(({ word }) => word === '--json')?.about).toMatch(/^one JSON object/)
})

test('what a configuration prints while it runs is no word', async () => {
  await using directory = await temporaryDirectory()
  await writeFile(
    path.join(directory.path, 'mailroom.config.js'),
    `process.stdout.write('noise\\n'); console.log('more noise')
     export default { connections: { relay: { server: 'mail.example.com' } } }`,
  )
  const words = ['completion', 'words', '--', 'connections', 'show', '']
  const result = await runCli(words, { cwd: directory.path })
  expect(result).toEqual({ code: 0, out: 'relay\t\n', err: 'noise\nmore noise\n' })
})

interface Desk extends AsyncDisposable {
  readonly cwd: string
  readonly PATH: string
  readonly HOME: string
}

/** A folder with a configuration, and a `mailroom` that can be run there. */
async function openDesk(): Promise<Desk> {
  const directory: TemporaryDirectory = await temporaryDirectory()
  const cwd = directory.path
  const connections = Object.fromEntries(
    NAMES.map((name) => [name, { server: 'mail.example.com', from: 'a@example.com' }]),
  )
  const config = JSON.stringify({ queue: 'redis://127.0.0.1:1', connections })
  await writeFile(path.join(cwd, 'mailroom.config.json'), config)
  for (const shell of SHELLS) await writeFile(path.join(cwd, shell), COMPLETION_SCRIPTS[shell])
  const bin = path.join(cwd, 'bin')
  await mkdir(bin)
  await writeFile(
    path.join(bin, 'mailroom'),
    `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`,
  )
  await chmod(path.join(bin, 'mailroom'), 0o755)
  return {
    cwd,
    PATH: `${bin}:${process.env['PATH'] ?? ''}`,
    HOME: cwd,
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  }
}

const CASES: readonly [typed: readonly string[], completed: readonly string[]][] = [
  [['mailroom', 'connections', 'pa'], ['pause']],
  [['mailroom', 'connections', 'verify', 'Mail'], ['Mail Server']],
]

describeWith('bash', await provideShell('bash'), 'completion in bash', (bash) => {
  test('bash completes words, and names as it has to write them', async () => {
    await using desk = await openDesk()
    const script =
      'source ./bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _mailroom mailroom; ' +
      'printf "%s\\n" "${COMPREPLY[@]}"'
    for (const [typed, completed] of CASES) {
      const out = await runShell(bash, ['--norc', '-c', script, 'bash', ...typed], desk)
      const quoted = completed.map((word) => word.replaceAll(' ', '\\ '))
      expect(out.trimEnd().split('\n')).toEqual(quoted)
    }
    const quoted = ['mailroom', 'connections', 'verify', 'Mail\\ Server', '']
    expect(await runShell(bash, ['--norc', '-c', script, 'bash', ...quoted], desk)).toBe(
      'relay\n报告\n',
    )
  })
})

describeWith('zsh', await provideShell('zsh'), 'completion in zsh', (zsh) => {
  test('zsh completes words with what they are about', async () => {
    await using desk = await openDesk()
    const script =
      'compdef() { }; _files() { print FILES }; _describe() { print -rl -- "${(@P)2}" }; ' +
      'source ./zsh; words=("$@"); CURRENT=$#words; _mailroom'
    const complete = (typed: readonly string[]): Promise<string> =>
      runShell(zsh, ['-f', '-c', script, 'zsh', ...typed], desk)
    for (const [typed, completed] of CASES) {
      const lines = (await complete(typed)).trimEnd().split('\n')
      expect(lines.map((line) => line.split(':')[0])).toEqual(completed)
    }
    expect(await complete(['mailroom', 'connections', 'pa'])).toMatch(/^pause:have no worker use/)
    expect(await complete(['mailroom', 'send', '--attach', ''])).toBe('FILES\n')
  })
})

describeWith('fish', await provideShell('fish'), 'completion in fish', (fish) => {
  test('fish completes words with what they are about', async () => {
    await using desk = await openDesk()
    const folder = path.join(path.dirname(fish.command), '../share/fish/functions')
    const functions = `set -p fish_function_path ${folder}`
    const complete = (line: string): Promise<string> =>
      runShell(
        fish,
        ['--no-config', '-c', `${functions}; source ./fish; complete -C '${line}'`],
        desk,
      )
    for (const [typed, completed] of CASES) {
      const lines = (await complete(typed.join(' '))).trimEnd().split('\n')
      expect(new Set(lines.map((line) => line.split('\t')[0]))).toEqual(new Set(completed))
    }
    expect(await complete('mailroom connections pa')).toMatch(/^pause\thave no worker use/)
    expect(await complete('mailroom send --attach mailroom.c')).toContain('mailroom.config.json')
  })
})

test.for(SHELLS)('the script for %s is printed as it is', async (shell) => {
  await using directory = await temporaryDirectory()
  expect(await runInside(['completion', shell], { cwd: directory.path })).toEqual({
    code: 0,
    out: COMPLETION_SCRIPTS[shell],
    err: '',
  })
})

test('a configuration that is not valid completes no names, and says nothing', async () => {
  await using directory = await temporaryDirectory()
  await writeFile(path.join(directory.path, 'mailroom.config.json'), '{ "connections": 1')
  const words = ['completion', 'words', '--', 'connections', 'pause', '']
  expect(await runInside(words, { cwd: directory.path })).toEqual({ code: 0, out: '', err: '' })
  const other = await runInside(['completion', 'powershell'], { cwd: directory.path })
  expect(other).toMatchObject({ code: 2, err: expect.stringMatching(/one of bash, zsh, fish/) })
})
