import { expect, test } from 'vitest'

import { jsonLines } from '../support/cli.ts'
import { idOf, openProject, startRelay } from '../support/cli-project.ts'
import { describeRedis } from '../support/redis.ts'

describeRedis('pauses from the command line', (redis) => {
  test('a running worker stops using a paused connection manager, and goes on after', async () => {
    await using relay = await startRelay()
    await using project = await openProject(redis, { relay: relay.port })
    await using worker = project.startWorker()
    expect(await project.send('--wait')).toMatchObject({ code: 0 })

    const paused = await project.run([
      'connections',
      'pause',
      'relay',
      '--reason',
      'rack 4',
      '--json',
    ])
    expect(paused).toMatchObject({ code: 0, err: '' })
    expect(jsonLines(paused.out)).toEqual([
      { event: 'paused', connection: 'relay', since: expect.any(String), reason: 'rack 4' },
    ])
    await expect.poll(() => worker.out).toContain('"event":"paused"')
    const sent = await project.send()
    const status = await project.run(['queue', 'status'])
    expect(jsonLines(status.out)).toMatchObject([
      {
        connection: 'relay',
        queue: 'open',
        manager: 'paused',
        since: expect.any(String),
        reason: 'rack 4',
        waiting: 1,
      },
    ])
    const whole = await project.run(['status'])
    expect(jsonLines(whole.out)).toMatchObject([{ connection: 'relay', remark: 'paused: rack 4' }])
    expect(relay.mails).toHaveLength(1)

    const resumed = await project.run(['connections', 'resume', 'relay'])
    expect(resumed).toMatchObject({ code: 0, err: '' })
    expect(resumed.out).toMatch(/^"relay" is in use again, after \d/)
    await expect.poll(() => relay.mails).toHaveLength(2)
    const again = await project.run(['connections', 'resume', 'relay', '--json'])
    expect(jsonLines(again.out)).toEqual([
      { event: 'resumed', connection: 'relay', wasPaused: false },
    ])
    expect(idOf(sent)).toMatch(/^m-/)
  })

  test('of a paused name nobody takes, until it is resumed', async () => {
    await using relay = await startRelay()
    await using project = await openProject(redis, { relay: relay.port, bulk: relay.port })
    const paused = await project.run(['queue', 'pause', 'relay'])
    expect(paused).toMatchObject({ code: 0, err: '' })
    expect(paused.out).toBe(
      'nobody takes messages of "relay" before "mailroom queue resume"; 0 wait\n',
    )
    await using _worker = project.startWorker()
    await project.send()
    expect(await project.send('--connection', 'bulk', '--wait')).toMatchObject({ code: 0 })
    expect(relay.mails).toHaveLength(1)
    const status = await project.run(['queue', 'status'])
    expect(jsonLines(status.out)).toMatchObject([
      { connection: 'relay', queue: 'paused', manager: 'in use', waiting: 1 },
      { connection: 'bulk', queue: 'open', manager: 'in use', waiting: 0 },
    ])
    const whole = await project.run(['status', '--connection', 'relay'])
    expect(jsonLines(whole.out)).toMatchObject([{ remark: 'queue paused' }])
    const resumed = await project.run(['queue', 'resume', 'relay', '--json'])
    expect(jsonLines(resumed.out)).toEqual([
      { event: 'queue-resumed', connection: 'relay', wasPaused: true, waiting: 1 },
    ])
    await expect.poll(() => relay.mails).toHaveLength(2)
  })
})
