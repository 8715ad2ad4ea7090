import { expect, test } from 'vitest'

import { idOf, openProject, startRelay } from '../support/cli-project.ts'
import { jsonLines } from '../support/cli.ts'
import { describeRedis } from '../support/redis.ts'

const RULE = { name: 'quota', when: { text: 'over quota' }, means: { class: 'retry' } }

describeRedis('mailroom requeue', (redis) => {
  test('tells how many, and puts them back when it is asked to', async () => {
    let isFull = true
    await using relay = await startRelay({
      refuseRecipient: () => (isFull ? { code: 550, text: '5.7.1 over quota' } : undefined),
    })
    await using project = await openProject(redis, { relay: relay.port })
    await using _worker = project.startWorker()
    const sent = await project.send('--wait')
    expect(sent.code).toBe(5)
    const requeue = ['requeue', '--refused', '--rule', 'enhanced.5.7.1']

    const none = await project.run([...requeue, '--yes'])
    expect(none).toMatchObject({ code: 0 })
    expect(none.err).toContain('none would wait in the queue again, of 1 refused')
    expect(await project.run(requeue)).toMatchObject({ code: 0, err: none.err })
    const misspelt = await project.run(['requeue', '--refused', '--rule', 'enhanced.5.71', '--yes'])
    expect(misspelt.code).toBe(0)
    expect(misspelt.err).toContain(
      'of 0 refused: no message was refused by the rule "enhanced.5.71"',
    )

    await project.configure({ rules: [RULE] })
    const proposed = await project.run(requeue)
    expect(proposed).toMatchObject({ code: 2, out: '' })
    expect(proposed.err).toContain('1 messages would wait in the queue again: give "--yes"')

    const dry = await project.run([...requeue, '--since', '1h', '--dry-run', '--json'])
    expect(dry.code).toBe(0)
    expect(jsonLines(dry.out)).toEqual([
      {
        id: idOf(sent),
        connection: 'relay',
        before: 'enhanced.5.7.1',
        rule: 'user.quota',
        message: 'retry',
      },
    ])

    isFull = false
    const done = await project.run([...requeue, '--yes'])
    expect(done.code).toBe(0)
    expect(done.out).toContain(`${idOf(sent)} waits again: enhanced.5.7.1 -> user.quota`)
    await expect.poll(() => relay.mails.length).toBe(1)
  })

  test.for<readonly [args: string, says: string]>([
    ['', 'expects "--refused"'],
    ['--refused --since yesterday', 'duration'],
    ['--refused --since 2027-99-01', '"--since" expects a time'],
    ['--refused --limit 0', '"--limit" expects a number'],
    ['--refused --rules x', 'did you mean "--rule"?'],
  ])('"%s" is refused: %s', async ([args, says]) => {
    await using project = await openProject(redis, { relay: 1 })
    const { code, err } = await project.run(['requeue', ...args.split(' ').filter(Boolean)])
    expect(code).toBe(2)
    expect(err).toContain(says)
  })
})
