import { randomBytes } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { isMailroomError, type SendMail, type SendManyError } from '../../src/index.ts'
import { jobIdOfKey } from '../../src/job/job-id.ts'
import { describeStores } from '../support/stores.ts'
import { mail, mailroomOn, openBackDoor } from './mailroom-on.ts'

const ROOT = join(import.meta.dirname, '../..')

describeStores('many messages', (place) => {
  test('a key that was used before ends all: what is before it is accepted, nothing behind it', async () => {
    const at = place()
    await using mailroom = mailroomOn(at)
    await mailroom.send(mail('first', { idempotencyKey: 'k-2' }))
    const mails = [0, 1, 2, 3, 4].map((n) => mail(`item ${n}`, { idempotencyKey: `k-${n}` }))
    mails.push(mail('without a key'), mail('elsewhere', {}, 'other'))

    const error = await mailroom.sendMany(mails).catch((reason: unknown) => reason)
    expect(error).toMatchObject({
      code: 'SEND_MANY_STOPPED',
      index: 2,
      accepted: 2,
      cause: { code: 'IDEMPOTENCY_CONFLICT' },
    })
    expect(await mailroom.status('relay')).toMatchObject({ waiting: 3 })
    expect(await mailroom.status('other')).toMatchObject({ waiting: 0 })
    expect(await statesOf(mailroom, ['k-0', 'k-1', 'k-3', 'k-4'])).toEqual([
      'queued',
      'queued',
      undefined,
      undefined,
    ])
    await using back = await openBackDoor(at)
    expect(await back.queues.read('relay', jobIdOfKey('k-3'))).toBeUndefined()
  })

  test('what a slow source has yielded is accepted while its next item is awaited', async () => {
    await using mailroom = mailroomOn(place())
    const gate = Promise.withResolvers<void>()
    const isClosed = Promise.withResolvers<void>()
    const accepted: number[] = []
    const sending = mailroom.sendMany(
      (async function* () {
        try {
          yield mail('first', { idempotencyKey: 'k-1' })
          yield mail('second', { idempotencyKey: 'k-2' })
          await gate.promise
          yield mail('third', { idempotencyKey: 'k-3' })
        } finally {
          isClosed.resolve()
        }
      })(),
      { chunkMs: 10, onProgress: (progress) => accepted.push(progress.accepted) },
    )
    await expect.poll(() => statesOf(mailroom, ['k-1', 'k-2'])).toEqual(['queued', 'queued'])
    gate.resolve()
    expect(await sending).toEqual({ accepted: 3, known: 0, refused: 0 })
    expect(accepted.at(-1)).toBe(3)
    await isClosed.promise
  })

  test('the next chunk is prepared while one is written, and the one behind it is not', async () => {
    await using mailroom = mailroomOn(place())
    const told: string[] = []
    function* source() {
      for (const n of [0, 1, 2, 3, 4]) {
        told.push(`item ${n}`)
        yield mail(`item ${n}`)
      }
    }
    const onProgress = ({ accepted }: { readonly accepted: number }) =>
      void told.push(`${accepted} accepted`)
    await mailroom.sendMany(source(), { chunkSize: 2, onProgress })
    const [first, second] = [told.indexOf('2 accepted'), told.indexOf('4 accepted')]
    expect(told.slice(0, first)).toEqual(['item 0', 'item 1', 'item 2', 'item 3'])
    expect(told.slice(first + 1, second)).toEqual(['item 4'])
    expect(told.slice(second + 1)).toEqual(['5 accepted'])
  })

  test('a refused item ends all, though the source is still about to make its next one', async () => {
    await using mailroom = mailroomOn(place(), { limits: { queueDepth: 1 } })
    const never = Promise.withResolvers<never>()
    const source = (async function* () {
      yield mail('first')
      yield mail('without a place')
      await never.promise
    })()
    const error = await stopOf(mailroom.sendMany(source, { chunkMs: 10 }))
    expect(error).toMatchObject({ index: 1, accepted: 1, cause: { code: 'QUEUE_FULL' } })
  })

  test('who goes on behind the refused item sends each message once', async () => {
    await using mailroom = mailroomOn(place(), { limits: { queueDepth: 100 } })
    const used = { idempotencyKey: 'used' }
    await mailroom.send(mail('first', used))
    const mails = Array.from({ length: 20 }, (_, n) => mail(`item ${n}`))
    mails.splice(5, 0, mail('other content', used))
    mails.splice(12, 0, mail('other content', used))

    const refused: number[] = []
    for (let from = 0; from < mails.length;) {
      const error = await stopOf(mailroom.sendMany(mails.slice(from), { chunkSize: 4 }))
      if (error === undefined) break
      refused.push(from + error.index)
      from += error.index + 1
    }
    expect(refused).toEqual([5, 12])
    expect(await mailroom.status('relay')).toMatchObject({ waiting: 21 })
  })

  test('a queue that is full ends all at the first item without a place', async () => {
    await using mailroom = mailroomOn(place(), { limits: { queueDepth: 10 } })
    const mails = Array.from({ length: 12 }, (_, n) => mail(`item ${n}`))
    mails.splice(4, 0, mail('elsewhere', {}, 'other'))
    mails.push(mail('elsewhere', {}, 'other'))
    await expect(mailroom.sendMany(mails)).rejects.toMatchObject({
      index: 11,
      accepted: 11,
      cause: { code: 'QUEUE_FULL', connection: 'relay', depth: 10, limit: 10 },
    })
    expect(await mailroom.status('relay')).toMatchObject({ waiting: 10 })
    expect(await mailroom.status('other')).toMatchObject({ waiting: 1 })
  })

  test('with `onRefused` all others are accepted', async () => {
    await using mailroom = mailroomOn(place(), { limits: { queueDepth: 4 } })
    await mailroom.send(mail('first', { idempotencyKey: 'used' }))
    const mails = [
      mail('a'),
      mail('other content', { idempotencyKey: 'used' }),
      mail('first', { idempotencyKey: 'used' }),
      mail('b', { idempotencyKey: 'b' }),
      mail('c'),
      mail('d'),
      mail('elsewhere', {}, 'other'),
    ]
    const refused: unknown[] = []
    const progress = await mailroom.sendMany(mails, {
      onRefused: (index, error) => refused.push([index, isMailroomError(error) && error.code]),
    })
    expect(progress).toEqual({ accepted: 5, known: 1, refused: 2 })
    expect(refused).toEqual([
      [1, 'IDEMPOTENCY_CONFLICT'],
      [5, 'QUEUE_FULL'],
    ])
    expect(await mailroom.status('relay')).toMatchObject({ waiting: 4 })
    expect(await mailroom.status('other')).toMatchObject({ waiting: 1 })
  })

  test('a stop is heard while the next item is awaited', async () => {
    await using mailroom = mailroomOn(place())
    const stopping = new AbortController()
    const never = Promise.withResolvers<never>()
    const source = (async function* () {
      yield mail('first', { idempotencyKey: 'k-1' })
      await never.promise
    })()
    const sending = mailroom.sendMany(source, { chunkSize: 1, signal: stopping.signal })
    await expect.poll(() => statesOf(mailroom, ['k-1'])).toEqual(['queued'])
    stopping.abort()
    await expect(sending).rejects.toThrow('aborted')
  })

  test('a stop is heard at the next item, though their chunk is not full', async () => {
    await using mailroom = mailroomOn(place())
    const stopping = new AbortController()
    const taken: number[] = []
    const mails = function* () {
      for (const n of [0, 1, 2, 3, 4]) {
        taken.push(n)
        if (n === 2) stopping.abort('enough')
        yield mail(`item ${n}`)
      }
    }
    const { signal } = stopping
    await expect(mailroom.sendMany(mails(), { signal })).rejects.toBe('enough')
    expect(taken).toEqual([0, 1, 2])
    expect(await mailroom.status('relay')).toMatchObject({ waiting: 0 })
  })

  test('content beside the queue fills a chunk too, and a file for many once', async () => {
    // A file of some age: one that has just been written is read for each message.
    const path = join(ROOT, 'package-lock.json')
    const { size } = await stat(path)
    await using mailroom = mailroomOn(place(), { attachments: { roots: [ROOT] } })
    const chunksOf = async (attachments: () => object): Promise<readonly number[]> => {
      const accepted: number[] = []
      const mails = [0, 1, 2].map((n) => withAttachment(mail(`item ${n}`), attachments()))
      await mailroom.sendMany(mails, {
        chunkBytes: size * 1.5,
        onProgress: (progress) => accepted.push(progress.accepted),
      })
      return accepted
    }
    expect(await chunksOf(() => ({ content: randomBytes(size) }))).toEqual([1, 2, 3])
    expect(await chunksOf(() => ({ path }))).toEqual([3])
  })
})

function withAttachment(sent: SendMail, attachment: object): SendMail {
  return { ...sent, message: { ...sent.message, attachments: [attachment] } } as SendMail
}

async function stopOf(sending: Promise<unknown>): Promise<SendManyError | undefined> {
  return sending.then(
    () => undefined,
    (error: SendManyError) => error,
  )
}

async function statesOf(
  mailroom: { get(id: string): Promise<{ readonly state: string } | undefined> },
  keys: readonly string[],
): Promise<readonly (string | undefined)[]> {
  return Promise.all(keys.map(async (key) => (await mailroom.get(jobIdOfKey(key)))?.state))
}
