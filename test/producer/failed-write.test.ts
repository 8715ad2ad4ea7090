import { expect, test } from 'vitest'

import { jobIdOfKey } from '../../src/job/job-id.ts'
import { describeRedis, uniquePrefix } from '../support/redis.ts'
import { keysOf } from '../support/redis-keys.ts'
import { mail, mailroomOn, openBackDoor } from './mailroom-on.ts'

describeRedis('a message whose job cannot be added', (url) => {
  test('leaves no record behind, unless its key adds the job later', async () => {
    const prefix = uniquePrefix()
    const at = { queue: url, prefix, schema: 'none' }
    await using back = await openBackDoor(at)
    if (back.store.kind !== 'redis') throw new Error('expected a Redis')
    const { client } = back.store
    // What BullMQ counts with is a list, so that it cannot add anything.
    await client.rpush(`${prefix}:other:id`, 'x')
    await using mailroom = mailroomOn(at, { limits: { queueDepth: 2 } })

    const plain = mail('plain', {}, 'other')
    const keyed = mail('keyed', { idempotencyKey: 'k' }, 'other')
    const elsewhere = mail('elsewhere')
    const records = () => keysOf(client, `${prefix}-ledger:*`)
    await expect(mailroom.send(plain)).rejects.toThrow('WRONGTYPE')
    expect(await records()).toEqual([])
    await expect(mailroom.sendMany([plain, keyed])).rejects.toThrow('WRONGTYPE')
    expect(await records()).toEqual([`${prefix}-ledger:${jobIdOfKey('k')}`])
    await expect(mailroom.sendMany([elsewhere, plain])).rejects.toThrow('WRONGTYPE')
    expect(await mailroom.status('relay')).toMatchObject({ waiting: 1 })
    expect(await records()).toHaveLength(2)

    await client.del(`${prefix}:other:id`)
    expect(await mailroom.send(keyed)).toMatchObject({ isNew: false })
    await mailroom.send(plain)
    expect(await mailroom.status('other')).toMatchObject({ waiting: 2 })
  })
})
