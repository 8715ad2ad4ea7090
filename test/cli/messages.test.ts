import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'

import PostalMime from 'postal-mime'
import { expect, test } from 'vitest'

import { idOf, openProject, startRelay, type Project } from '../support/cli-project.ts'
import { runInside } from '../support/cli-inside.ts'
import { jsonLines } from '../support/cli.ts'
import { describeRedis } from '../support/redis.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const NOBODY = { code: 550, text: '5.1.1 no such user' }

/** Sends messages that the relay refuses, and tells their ids, oldest first. */
async function refusedOnes(project: Project, count: number): Promise<readonly string[]> {
  const ids: string[] = []
  for (let at = 0; at < count; at += 1) {
    const sent = await project.send('--subject', `Message ${at}`, '--wait')
    expect(sent.code).toBe(5)
    ids.push(idOf(sent))
  }
  return ids
}

describeRedis('mailroom messages', (redis) => {
  test('what is held is listed in pages, with the reason and without addresses', async () => {
    await using relay = await startRelay({ refuseRecipient: () => NOBODY })
    await using project = await openProject(redis, { relay: relay.port })
    await using _worker = project.startWorker()
    const ids = await refusedOnes(project, 3)
    const all = await project.run(['messages', 'list', '--table'])
    expect(all).toMatchObject({ code: 0, err: '' })
    expect(all.out).toMatch(/^id .* state .* reply .* rule/)
    expect(all.out.match(/^m-.* refused .* 1 .* 550 5\.1\.1 .*$/gm)).toHaveLength(3)
    expect(all.out).not.toContain('@')

    const first = await project.run(['messages', 'list', '--json', '--limit', '2'])
    const cursor = String(jsonLines(first.err)[0]?.['cursor'])
    const second = await project.run(['messages', 'list', '--json', '--cursor', cursor])
    expect(second.err).toBe('')
    const listed = [...jsonLines(first.out), ...jsonLines(second.out)]
    expect(listed.map(({ id }) => id)).toEqual(ids)
    expect(listed[0]).toMatchObject({ state: 'refused', recipients: [{ code: 550 }] })
    const none = await project.run(['messages', 'list', '--json', '--state', 'expired'])
    expect(none).toEqual({ code: 0, out: '', err: '' })
  })

  test('one message is shown whole, by the long name and the short one', async () => {
    await using relay = await startRelay({ refuseRecipient: () => NOBODY })
    await using project = await openProject(redis, { relay: relay.port })
    await using _worker = project.startWorker()
    const [id = ''] = await refusedOnes(project, 1)
    const shown = await project.run(['messages', 'show', id, '--table'])
    expect(shown.out).toMatch(new RegExp(`^id +${id}\nconnection +relay\nstate +refused\n`))
    expect(shown.out).toMatch(/^reply +550 5\.1\.1 no such user$/m)
    expect(shown.out).toMatch(/^bob@example\.org +refused +550 5\.1\.1 no such user/m)
    const short = await project.run(['get', id, '--json'])
    expect(jsonLines(short.out)).toMatchObject([{ id, state: 'refused', problem: 'rcpt.unknown' }])
    expect(shown.out).toMatch(/^to do +The server knows no such recipient\. Check the address/m)
    expect(await project.run(['messages', 'show', 'm-none'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('UNKNOWN_MESSAGE'),
    })
  })

  test('what happened to a message is drawn on a terminal, and a field of its JSON', async () => {
    let isRefusing = true
    await using relay = await startRelay({
      refuseRecipient: () => (isRefusing ? NOBODY : undefined),
    })
    await using project = await openProject(redis, { relay: relay.port })
    await using _worker = project.startWorker()
    const [id = ''] = await refusedOnes(project, 1)
    isRefusing = false
    await project.run(['messages', 'retry', id])
    await expect.poll(() => relay.mails).toHaveLength(1)
    const show = async () => jsonLines((await project.run(['get', id, '--json'])).out)[0]
    await expect.poll(show).toMatchObject({
      state: 'delivered',
      forgotten: 0,
      timeline: [
        { kind: 'accepted' },
        { kind: 'attempt', manager: 'relay', stage: 'rcpt', code: 550 },
        { kind: 'reopened' },
        { kind: 'attempt', stage: 'after', code: 250 },
      ],
    })
    const { out } = await project.run(['messages', 'show', id, '--table'])
    const said = out.slice(out.indexOf('timeline')).replaceAll(/\d{4}-\S+Z/g, 'TIME')
    expect(said).toMatch(/^timeline\nTIME {2}accepted\nTIME {2}attempt 1 through relay /)
    expect(said).toMatch(/came to rcpt: 550 5\.1\.1 no such user \(rule \S+, rules \S+\)\n/)
    expect(said).toMatch(/^ {26}worker \S+, \d+ms, \d+ bytes\n/m)
    expect(said).toMatch(/^ {26}C: MAIL FROM:<…@example\.com>/m)
    expect(said).toMatch(/^ {26}S: 550 5\.1\.1 no such user$/m)
    expect(said).toMatch(/\nTIME {2}given another try by a person\n/)
  })

  test('refused messages are retried by id, or all of a state when that is confirmed', async () => {
    let isRefusing = true
    await using relay = await startRelay({
      refuseRecipient: () => (isRefusing ? NOBODY : undefined),
    })
    await using project = await openProject(redis, { relay: relay.port })
    await using _worker = project.startWorker()
    const [first = '', ...others] = await refusedOnes(project, 3)
    isRefusing = false
    expect(await project.run(['messages', 'retry', first, '--json'])).toEqual({
      code: 0,
      out: `{"id":"${first}","state":"retried"}\n`,
      err: '',
    })
    await expect.poll(() => relay.mails).toHaveLength(1)
    const all = ['messages', 'retry', '--state', 'refused', '--connection', 'relay']
    expect(await project.run(all)).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringMatching(/: 2 messages would be tried again: give "--yes"/),
    })
    const retried = await project.run([...all, '--yes', '--json'])
    expect(jsonLines(retried.out)).toEqual(others.map((id) => ({ id, state: 'retried' })))
    await expect.poll(() => relay.mails).toHaveLength(3)
    await expect
      .poll(async () => jsonLines((await project.run(['get', first, '--json'])).out))
      .toMatchObject([{ state: 'delivered' }])
    const again = await project.run(['messages', 'retry', first, 'm-none', '--json'])
    expect(again).toMatchObject({ code: 5, out: '' })
    expect(jsonLines(again.err)).toMatchObject([
      { id: first, state: 'not-held', why: 'it is delivered' },
      { id: 'm-none', state: 'unknown' },
    ])
  })

  test('messages are cancelled, several at once', async () => {
    await using project = await openProject(redis, { relay: 1 })
    const ids = [idOf(await project.send()), idOf(await project.send('--delay', '1h'))]
    const cancelled = await project.run(['messages', 'cancel', ...ids, '--json'])
    expect(cancelled).toMatchObject({ code: 0, err: '' })
    expect(jsonLines(cancelled.out)).toEqual(ids.map((id) => ({ id, state: 'cancelled' })))
    expect(await project.run(['cancel', 'm-none', ids[0] ?? ''])).toMatchObject({
      code: 1,
      out: `${ids[0]} is cancelled\n`,
      err: expect.stringMatching(/"m-none".*\(UNKNOWN_MESSAGE\)\n$/),
    })
  })

  test('messages are sent at another time, and not at one that contradicts their deadline', async () => {
    await using relay = await startRelay()
    await using project = await openProject(redis, { relay: relay.port })
    const soon = new Date(Date.now() + 1_800_000).toISOString()
    const id = idOf(await project.send('--delay', '10m', '--not-after', soon))
    const at = new Date(Date.now() + 1_200_000).toISOString()
    const reschedule = ['messages', 'reschedule']
    expect(await project.run([...reschedule, id, '--at', at, '--json'])).toEqual({
      code: 0,
      out: `${JSON.stringify({ id, state: 'rescheduled', sendAt: at })}\n`,
      err: '',
    })
    expect(await project.run([...reschedule, id, '--in', '1h'])).toMatchObject({
      code: 6,
      err: expect.stringContaining('`notAfter`'),
    })
    expect(await project.run([...reschedule, id, '--at', 'tomorrow'])).toMatchObject({ code: 6 })
    expect(await project.run([...reschedule, id, '--in', 'soon'])).toMatchObject({ code: 2 })
    expect(await project.run([...reschedule, id])).toMatchObject({ code: 2 })
    await using _worker = project.startWorker()
    expect(await project.run([...reschedule, id, 'm-none', '--now'])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/"m-none".*\(UNKNOWN_MESSAGE\)\n$/),
    })
    await expect.poll(() => relay.mails).toHaveLength(1)
    await expect
      .poll(() => project.run([...reschedule, id, '--now']))
      .toMatchObject({ code: 5, out: `${id} is delivered: too late\n` })
  })

  test('of messages that supersede each other the newest is sent', async () => {
    await using project = await openProject(redis, { relay: 1 })
    const first = idOf(await project.send('--supersedes', 'code'))
    const second = idOf(await project.send('--supersedes', 'code'))
    const shown = await project.run(['messages', 'show', first])
    expect(shown.out).toContain('"state":"superseded"')
    expect(shown.out).toContain(`"by":"${second}"`)
  })

  test('a message is exported as it is sent, until its content is gone', async () => {
    await using relay = await startRelay()
    await using files = await temporaryDirectory()
    await using project = await openProject(redis, { relay: relay.port })
    const id = idOf(await project.send('--subject', 'Grüße'))
    const exported = await project.run(['messages', 'export', id])
    expect(exported).toMatchObject({ code: 0, err: '' })
    const file = path.join(files.path, 'x.eml')
    await writeFile(file, 'old', { mode: 0o644 })
    expect(await project.run(['messages', 'export', id, '--to-file', file])).toMatchObject({
      code: 0,
    })
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(await readFile(file, 'utf8')).toBe(exported.out)
    await using _worker = project.startWorker()
    await expect.poll(() => relay.mails).toHaveLength(1)
    expect(relay.mails[0]?.body.toString()).toBe(exported.out)
    const gone = ['messages', 'export', id]
    await expect.poll(async () => (await project.run(gone)).err).toContain('CONTENT_GONE')
  })

  test('held messages are exported into a folder, each with its record', async () => {
    await using relay = await startRelay({ refuseRecipient: () => NOBODY })
    await using files = await temporaryDirectory()
    await using project = await openProject(redis, { relay: relay.port })
    await using _worker = project.startWorker()
    const ids = await refusedOnes(project, 2)
    const folder = path.join(files.path, 'held')
    const result = await project.run([
      'messages',
      'export',
      '--state',
      'refused',
      '--to-folder',
      folder,
    ])
    expect(result).toMatchObject({ code: 0, err: '' })
    const names = ids.flatMap((id) => [`${id}.eml`, `${id}.json`])
    expect((await readdir(folder)).toSorted()).toEqual(names.toSorted())
    const [first = ''] = ids
    const mail = await PostalMime.parse(await readFile(path.join(folder, `${first}.eml`)))
    expect(mail).toMatchObject({ subject: 'Message 0', to: [{ address: 'bob@example.org' }] })
    expect(JSON.parse(await readFile(path.join(folder, `${first}.json`), 'utf8'))).toMatchObject({
      id: first,
      state: 'refused',
      timeline: [{ kind: 'accepted' }, { kind: 'attempt', code: 550 }],
    })
  })
})

test.for<[args: string, err: RegExp]>([
  ['messages list --state delivered', /"--state" expects uncertain, refused, expired, got/],
  ['messages list --limit 0', /"--limit" expects a number from 1 to 1000, got "0"/],
  ['messages show', /"messages show" expects the id of a message/],
  ['messages retry', /"messages retry" expects ids, or "--state" or "--connection"/],
  ['messages retry m-1 --state refused', /"messages retry" expects ids, or/],
  ['messages cancel', /"messages cancel" expects the id of a message/],
  ['messages export', /"messages export" expects an id/],
  ['messages export m-1 --to-folder x', /"messages export" expects an id/],
])('mailroom %s is a usage error', async ([args, err]) => {
  const result = await runInside(args.split(' '))
  expect(result).toMatchObject({ code: 2, out: '', err: expect.stringMatching(err) })
})
