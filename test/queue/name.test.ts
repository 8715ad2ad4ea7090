import { expect, test } from 'vitest'

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
  ['one of 256 bytes', 'x'.repeat(256)],
  ['one of 257 bytes', `x${'关'.repeat(85)}é`.slice(0, 86) + 'x'],
  ['half a surrogate pair', 'a\ud83d'],
])('%s is refused', ([, name = '']) => {
  expect(() => encodeQueueName(name)).toThrow(
    expect.objectContaining({ code: 'INVALID_QUEUE_NAME' }),
  )
})

test('the longest name still has a queue', () => {
  expect(encodeQueueName('关'.repeat(85))).toHaveLength(765)
})
