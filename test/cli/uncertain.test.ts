import { expect, test } from 'vitest'

import { idOf, openProject } from '../support/cli-project.ts'
import { jsonLines } from '../support/cli.ts'
import { describeRedis } from '../support/redis.ts'
import { startScriptedServer } from '../support/scripted-server.ts'

const DROP = { after: 'reset' } as const
const EHLO = '250-scripted\n250 AUTH PLAIN LOGIN'

describeRedis('mailroom uncertain', (redis) => {
  test('lists what nobody knows of, and sends it again or accepts it when asked to', async () => {
    await using server = await startScriptedServer({
      EHLO,
      DOT: [DROP, DROP, '250 2.0.0 taken'],
    })
    await using project = await openProject(redis, { relay: server.port })
    await using _worker = project.startWorker()
    const [first, second] = [await project.send('--wait'), await project.send('--wait')]
    expect([first.code, second.code]).toEqual([5, 5])

    const listed = await project.run(['uncertain', 'list', '--connection', 'relay'])
    expect(jsonLines(listed.out).map(({ id }) => id)).toEqual([idOf(first), idOf(second)])
    const table = await project.run(['uncertain', 'list', '--table', '--limit', '1'])
    expect(table.out).toMatch(/^id +connection +since +attempts +recipients +uncertain +plan$/m)
    expect(table.out).toContain(idOf(first))
    expect(table.out).not.toContain(idOf(second))
    const older = await project.run(['uncertain', 'list', '--older-than', '1d'])
    expect(older).toMatchObject({ code: 0, out: '' })
    expect(older.err).toContain('no message is uncertain')

    const proposed = await project.run(['uncertain', 'accept', '--all'])
    expect(proposed).toMatchObject({ code: 2, out: '' })
    expect(proposed.err).toContain('2 messages would count as delivered: give "--yes"')
    const accepted = await project.run(['uncertain', 'accept', '--all', '--limit', '1', '--yes'])
    expect(accepted.code).toBe(0)
    expect(accepted.out).toContain(`${idOf(first)} counts as delivered`)

    const resent = await project.run(['uncertain', 'resend', idOf(second), '--json'])
    const told = { id: idOf(second), state: 'deferred', way: 'resend', recipients: 1 }
    expect(jsonLines(resent.out)).toEqual([told])
    await expect.poll(() => server.dots).toBe(3)
    const again = await project.run(['uncertain', 'resend', idOf(first), 'm-none'])
    expect(again.code).toBe(5)
    expect(again.err).toContain(`${idOf(first)} is not settled: it is delivered`)
    expect(again.err).toContain('m-none is not settled: no message has this id')
  })

  test('is held for a person instead of what its policy would do', async () => {
    await using server = await startScriptedServer({ EHLO, DOT: [DROP] })
    await using project = await openProject(redis, { relay: server.port })
    await using _worker = project.startWorker()
    const sent = await project.send('--uncertain', 'resend')
    const list = async () => (await project.run(['uncertain', 'list', '--json'])).out
    await expect.poll(list).toContain('"planned"')
    const held = await project.run(['uncertain', 'hold', idOf(sent), 'm-none'])
    expect(held.code).toBe(5)
    expect(held.out).toContain(`${idOf(sent)} is held until somebody decides`)
    expect(held.err).toContain('m-none is not held: no message has this id')
    expect(await list()).not.toContain('"planned"')
    const shown = await project.run(['messages', 'show', idOf(sent)])
    expect(shown.out).toContain('"kind":"uncertain-held"')
  })

  test('is what "send --uncertain" makes of it, and "--wait" waits for that', async () => {
    await using server = await startScriptedServer({ EHLO, DOT: [DROP] })
    await using project = await openProject(redis, { relay: server.port })
    await using _worker = project.startWorker()
    const accepted = await project.send('--wait', '--uncertain', 'accept')
    expect(accepted).toMatchObject({ code: 0 })
    const waiting = await project.send('--wait', '--timeout', '1s', '--uncertain', 'resend')
    expect(waiting.code).toBe(75)
    const refused = await project.send('--uncertain', 'maybe')
    expect(refused.code).toBe(2)
    expect(refused.err).toContain('expects hold, resend, accept, got')
  })

  test.for<readonly [args: string, says: string]>([
    ['resend', 'expects ids, or "--all"'],
    ['resend m-1 --all', 'expects ids, or "--all"'],
    ['accept --older-than yesterday --yes', 'duration'],
    ['accept --all --limit 0', '"--limit" expects a number'],
    ['list --state refused', 'has no option "--state"'],
  ])('"%s" is refused: %s', async ([args, says]) => {
    await using project = await openProject(redis, { relay: 1 })
    const { code, err } = await project.run(['uncertain', ...args.split(' ')])
    expect(code).toBe(2)
    expect(err).toContain(says)
  })
})
