import { expect, test } from 'vitest'

import { connectionNameSchema } from '../../src/connections/connection-name.ts'
import { connectionSchema } from '../../src/job/text.ts'
import { decodeQueueName, encodeQueueName } from '../../src/queue/name.ts'

const ALPHABET = [
  ...Array.from('abyzAYZ019 .:;/\\%{}[]()!*\'~"_-+&=?#@|<>äößéßſıİ关😀'),
  'e\u0301',
  '\u0000',
]

/** Names from all corners of Unicode; the same ones every time. */
function* names(count: number): Generator<string> {
  let state = 42
  const next = (below: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return state % below
  }
  for (let made = 0; made < count; made += 1) {
    const length = 1 + next(24)
    yield Array.from({ length }, () => ALPHABET[next(ALPHABET.length)] ?? 'x').join('')
  }
}

test('every name has a queue of its own and can be read back from it', () => {
  const byQueue = new Map<string, string>()
  for (const name of names(3000)) {
    const queue = encodeQueueName(name)
    expect(queue).toMatch(/^[A-Za-z0-9._%-]+$/)
    expect(decodeQueueName(queue)).toBe(name)
    expect(byQueue.get(queue) ?? name).toBe(name)
    byQueue.set(queue, name)
  }
})

test('a plain name is its own queue', () => {
  expect(encodeQueueName('office-365.Marketing_2')).toBe('office-365.Marketing_2')
})

test.for([
  ['an empty one', ''],
  ['one of 513 bytes', 'x'.repeat(513)],
  ['one of 514 bytes', `x${'😀'.repeat(128)}x`],
  ['half a surrogate pair', 'a\ud83d'],
])('%s is refused', ([, name = '']) => {
  expect(() => encodeQueueName(name)).toThrow(
    expect.objectContaining({ code: 'INVALID_QUEUE_NAME' }),
  )
})

test('the longest name that a connection manager and a job may have has a queue', () => {
  for (const letter of ['x', '关', '😀', '%']) {
    const name = letter.repeat(128)
    expect(connectionNameSchema.parse(name)).toBe(name)
    expect(connectionSchema.parse(name)).toBe(name)
    expect(decodeQueueName(encodeQueueName(name))).toBe(name)
  }
})

test('every name that a connection manager may have has a queue of its own', () => {
  const byQueue = new Map<string, string>()
  for (const name of names(3000)) {
    if (!connectionNameSchema.safeParse(name).success) continue
    expect(connectionSchema.safeParse(name).success).toBe(true)
    const queue = encodeQueueName(name)
    expect(byQueue.get(queue) ?? name).toBe(name)
    byQueue.set(queue, name)
  }
  expect(byQueue.size).toBeGreaterThan(500)
})
