import { link, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'

import PostalMime from 'postal-mime'
import { expect, test } from 'vitest'

import { openProject, startRelay, type Project } from '../support/cli-project.ts'
import { runInside } from '../support/cli-inside.ts'
import { jsonLines, type CliResult } from '../support/cli.ts'
import { describeRedis } from '../support/redis.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const MESSAGE = ['--from', 'app@example.com', '--subject', 'Hello {{name}}', '--text', 'No. {{no}}']
const ROWS = 2_000

describeRedis('mailroom send --to-file', (redis) => {
  test('each row is a message with its own fields, and a second run sends nothing', async () => {
    await using relay = await startRelay()
    await using bench = await openBench(redis, { relay: relay.port })
    await bench.write('list.csv', [
      '\uFEFFname;email;no',
      'Ann;ann@example.org;1',
      '"Müller; ""Bob""";bob@example.org;2',
      ';cid@example.org;<3>',
    ])
    const args = ['list.csv', '--html', '<b title="{{name}}">{{ no }}</b>'] as const
    const sent = await bench.send(...args)
    expect(summaryOf(sent)).toMatchObject({ code: 0, rows: 3, accepted: 3, known: 0, rejected: 0 })
    await using _worker = bench.project.startWorker()
    await expect.poll(() => relay.mails).toHaveLength(3)
    const mails = await Promise.all(relay.mails.map(({ body }) => PostalMime.parse(body)))
    const bob = mails.find(({ to }) => to?.[0]?.address === 'bob@example.org')
    expect(bob).toMatchObject({
      to: [{ name: 'Müller; "Bob"', address: 'bob@example.org' }],
      subject: 'Hello Müller; "Bob"',
      text: expect.stringMatching(/^No. 2\s*$/),
      html: expect.stringContaining('<b title="Müller; &quot;Bob&quot;">2</b>'),
    })
    const cid = mails.find(({ to }) => to?.[0]?.address === 'cid@example.org')
    expect(cid?.html).toContain('<b title="">&lt;3&gt;</b>')

    // A list with a new row and in another order: only who is new gets the message.
    await bench.write('list.csv', [
      'no,extra,to,name',
      '4,x,dan@example.org,Dan',
      '1,y,ann@example.org,Ann',
    ])
    expect(summaryOf(await bench.send(...args))).toMatchObject({ accepted: 1, known: 1 })
    await expect.poll(() => relay.mails).toHaveLength(4)
    const next = await bench.send(...args, '--campaign', 'june')
    expect(summaryOf(next)).toMatchObject({ campaign: 'june', accepted: 2, known: 0 })
  })

  test('two thousand rows reach everybody once, though Ctrl-C comes in the middle', async () => {
    await using relay = await startRelay()
    await using bench = await openBench(redis, { relay: relay.port })
    await bench.write('list.csv', [
      'to,name,no',
      ...Array.from({ length: ROWS }, (_, at) => `r${at}@example.org,Name ${at},${at}`),
    ])
    await using _worker = bench.project.startWorker()
    {
      const args = ['send', '--json', '--to-file', 'list.csv', ...MESSAGE]
      await using first = bench.project.start(...args)
      await expect.poll(() => relay.mails.length, { interval: 1 }).toBeGreaterThan(0)
      first.signal('SIGINT')
      const stopped = await first.result
      expect(summaryOf(stopped)).toMatchObject({ event: 'stopped', code: 130, rejected: 0 })
      expect(summaryOf(stopped)['accepted']).toBeLessThan(ROWS)
    }
    const second = summaryOf(await bench.send('list.csv'))
    expect(second).toMatchObject({ event: 'handed-in', code: 0, rejected: 0 })
    expect(second['known']).toBeGreaterThan(0)
    expect(Number(second['accepted']) + Number(second['known'])).toBe(ROWS)
    expect(summaryOf(await bench.send('list.csv'))).toMatchObject({ accepted: 0, known: ROWS })
    await expect.poll(() => relay.mails.length).toBe(ROWS)
    const got = new Set(relay.mails.flatMap(({ to }) => to))
    expect(got.size).toBe(ROWS)
  })

  test('a full queue is waited for', async () => {
    await using relay = await startRelay()
    await using bench = await openBench(redis, { relay: relay.port })
    await bench.project.configure({ limits: { queueDepth: 10 } })
    await bench.write('list.csv', [
      'to,name,no',
      ...Array.from({ length: 60 }, (_, at) => `r${at}@example.org,,${at}`),
    ])
    const args = ['send', '--json', '--to-file', 'list.csv', ...MESSAGE]
    await using sending = bench.project.start(...args)
    await expect.poll(() => sending.err).toContain('"isWaiting":true')
    await using _worker = bench.project.startWorker()
    expect(summaryOf(await sending.result)).toMatchObject({ code: 0, accepted: 60, known: 0 })
    await expect.poll(() => relay.mails).toHaveLength(60)
  })

  test('rows that cannot be sent to keep all back, or go to a file that can be mended', async () => {
    await using bench = await openBench(redis, { relay: 1 })
    await bench.write('list.csv', [
      'email,name,no',
      'ann@example.org,Ann,1',
      'private@@example.org,Bob,2',
      'cid@example.org,Cid',
      '',
      'dan@example.org,"Dan',
      'the second",4',
      'ann@example.org,Ann,1',
      'ANN@example.org,Ann,5',
    ])
    const refused = await bench.send('list.csv')
    expect(refused).toMatchObject({ code: 6, out: '' })
    const { message } = jsonLines(refused.err).at(-1) ?? {}
    expect(message).toMatch(/3 problems.*\n {2}list\.csv:3:1: .*\n {2}list\.csv:4:3: expected 3 /)
    expect(message).toMatch(/list\.csv:7:2: expected a name on one line/)
    expect(refused.err).not.toContain('@')

    // Who could read what was there before must not read this.
    const place = path.join(bench.project.directory, 'rejected.csv')
    await writeFile(place, 'old', { mode: 0o644 })
    const sent = await bench.send('list.csv', '--errors', 'rejected.csv')
    expect((await stat(place)).mode & 0o777).toBe(0o600)
    expect(summaryOf(sent)).toMatchObject({ code: 6, rows: 6, accepted: 2, known: 1, rejected: 3 })
    expect(jsonLines(sent.err)[0]).toMatchObject({ repeated: 1, sameAddress: 1, unusable: 3 })
    const rejected = await readFile(place, 'utf8')
    expect(rejected).toMatch(/^mailroom_line,mailroom_problem,email,name,no\r\n3,/)
    const mended = rejected
      .replace('@@', '@')
      .replace('Cid', 'Cid,3')
      .replace('Dan\nthe second', 'Dan')
    await writeFile(place, mended)
    const again = await bench.send('rejected.csv')
    expect(summaryOf(again)).toMatchObject({ code: 0, accepted: 3, known: 0 })
  })

  test('a dry run tells all that is wrong or would be sent, and needs no store', async () => {
    await using bench = await openBench('redis://127.0.0.1:1', { relay: 1 })
    await bench.write('list.csv', ['to,name,no', 'ann@example.org,Ann,1'])
    const dry = await bench.send('list.csv', '--dry-run')
    expect(dry.code).toBe(0)
    expect(jsonLines(dry.out)).toMatchObject([
      { event: 'dry-run', rows: 1, example: { subject: 'Hello Ann', text: 'No. 1' } },
    ])
    expect(await bench.send('list.csv')).toMatchObject({ code: 4 })
  })
})

const HEADING = 'to,name,no'

test('a list that is longer than a chunk is read whole, and what repeats in it is counted', async () => {
  await using directory = await temporaryDirectory()
  const rows = Array.from({ length: 50_000 }, (_, at) => `r${at % 49_990}@example.org,Name,${at}`)
  await writeFile(path.join(directory.path, 'list.csv'), [HEADING, ...rows].join('\n'))
  const line = ['send', '--json', '--dry-run', '--to-file', 'list.csv', ...MESSAGE]
  const result = await runInside(line, { cwd: directory.path })
  expect(summaryOf(result)).toMatchObject({ code: 0, rows: 50_000, repeated: 0, sameAddress: 10 })
})

test.for<
  [what: string, content: string | Buffer, args: readonly string[], code: number, err: RegExp]
>([
  ['no column for the address', 'name,no', [], 6, /1: expected a column .*to.*, got neither/],
  ['two of them', 'to,email,name,no', [], 6, /got more than one/],
  ['a column twice', 'to,name,name,no', [], 6, /1:3: there is such a column already/],
  ['no column for a field', 'to,nmae,no', [], 6, /uses \{\{name\}\} at line 1, column 7.*nmae/],
  ['nothing in it', '', [], 6, /got an empty file/],
  ['two separators', 'to;name,no', [], 6, /got several.*--separator/],
  ['an open quote', `${HEADING}\na@b.c,"A,1`, [], 6, /quote that is never closed/],
  ['a quote in a field', `${HEADING}\na@b.c,A"B",1`, [], 6, /a quote in the middle of a field/],
  ['Latin-1', Buffer.from(`${HEADING}\na@b.c,J\u00fcrgen,1`, 'latin1'), [], 6, /expected UTF-8/],
  ['a recipient beside it', HEADING, ['--to', 'a@b.c'], 2, /"--to" is for one message/],
  ['a wrong campaign', HEADING, ['--campaign', 'a b'], 2, /"--campaign" expects/],
  ['a wrong separator', HEADING, ['--separator', 'x'], 2, /"--separator" expects/],
])('a file with %s is refused', async ([, content, args, code, err]) => {
  await using directory = await temporaryDirectory()
  await writeFile(path.join(directory.path, 'list.csv'), content)
  const line = ['send', '--to-file', 'list.csv', ...MESSAGE, ...args]
  const result = await runInside(line, { cwd: directory.path })
  expect(result).toMatchObject({ code, out: '', err: expect.stringMatching(err) })
})

test.for(['list.csv', './list.csv', 'link.csv', 'hard.csv'])(
  'rejected rows are not written over the list, called %s',
  async (errors) => {
    await using directory = await temporaryDirectory()
    const list = path.join(directory.path, 'list.csv')
    await writeFile(list, `${HEADING}\na@@b.c,A,1`)
    await symlink(list, path.join(directory.path, 'link.csv'))
    await link(list, path.join(directory.path, 'hard.csv'))
    const line = ['send', '--to-file', 'list.csv', ...MESSAGE, '--errors', errors]
    const err = expect.stringMatching(/"--errors" and "--to-file" name the same file/)
    expect(await runInside(line, { cwd: directory.path })).toMatchObject({ code: 2, out: '', err })
    expect(await readFile(list, 'utf8')).toContain('a@@b.c')
    expect(await readdir(directory.path)).toHaveLength(3)
  },
)

interface Bench extends AsyncDisposable {
  readonly project: Project
  write(name: string, lines: readonly string[]): Promise<void>
  send(file: string, ...args: readonly string[]): Promise<CliResult>
}

async function openBench(redis: string, servers: Readonly<Record<string, number>>): Promise<Bench> {
  const project = await openProject(redis, servers)
  return {
    project,
    write: (name, lines) => writeFile(path.join(project.directory, name), lines.join('\n')),
    send: (file, ...args) =>
      project.run(['send', '--json', '--to-file', file, ...MESSAGE, ...args]),
    [Symbol.asyncDispose]: () => project[Symbol.asyncDispose](),
  }
}

/** The last line of a result, with its exit code. */
function summaryOf({ code, out }: CliResult): Readonly<Record<string, unknown>> {
  return { code, ...jsonLines(out).at(-1) }
}
