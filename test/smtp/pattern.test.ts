import { expect, test } from 'vitest'

import { createPattern } from '../../src/smtp/pattern/pattern.ts'

const SOURCES = [
  'rate',
  'Rate',
  '^rate',
  'limit$',
  '^$',
  'a|b|',
  'too many (?:mails|messages)',
  '(a|ab)(c|bcd)(d*)',
  'x*y+z?',
  'a{3}',
  'a{2,}',
  '(?:ab){1,3}c',
  'a+?b',
  '[a-c]+[^a-c]',
  '[\\]\\-]',
  '[-a]',
  '[a-]',
  '[^]',
  '\\d+\\.\\d+',
  '\\bauth(?:enticat\\w*)?\\b',
  '\\Bate',
  '\\[TSS0[345]\\]',
  'caf\\u00e9',
  '\\x41',
  '.{0,20}quota',
  '(a*)*b',
  '\\s+\\S+\\t',
  'п[а-я]+',
  '🙂+',
]
const TEXTS = [
  '',
  'rate',
  'the Rate limit',
  'LIMIT',
  'too many messages today',
  'abcd abc aab',
  'xxyyz',
  'aaa b',
  'ababc',
  'code 5.7.1 and 10.20',
  'not authenticated, AUTH first',
  'deferred [TSS04] - see',
  'café A',
  'daily message quota exceeded',
  'a \tb\t',
  'почта 🙂🙂',
  'date',
]

test.for(SOURCES.flatMap((source) => ['', 'i'].map((flags) => [source, flags] as const)))(
  '/%s/%s finds what the engine of JavaScript finds',
  ([source, flags]) => {
    const find = createPattern(source, flags)
    const known = new RegExp(source, source.includes('\\-') ? flags : `${flags}u`)
    expect(TEXTS.map((text) => [text, find(text)])).toEqual(
      TEXTS.map((text) => [text, known.test(text)]),
    )
  },
)

test.for(['(a+)+$', '^(a|a)*$', '(a|aa)+$', '(.*)*x', '(?:a?){30}a{30}$', '(x+x+)+y'])(
  '/%s/ takes no longer for texts that drive others mad',
  (source) => {
    const find = createPattern(source, '')
    expect(find(`${'a'.repeat(511)}!`)).toBe(false)
    expect(find(`${'x'.repeat(511)}!`)).toBe(source === '(.*)*x')
  },
)

test.for<[source: string, says: string]>([
  ['(', 'has no ")"'],
  [')', 'has no "("'],
  ['[a', 'has no "]"'],
  ['*a', 'nothing to repeat'],
  ['a**', 'a repetition is repeated'],
  ['a{2,1}', 'no number of repetitions'],
  ['a{101}', 'more than 100 times'],
  ['a{x}', 'begins no repetition'],
  ['((a{100}){100}){100}', 'too large'],
  ['(?=a)b', 'look-around'],
  ['(?<name>a)', 'named groups'],
  ['(a)\\1', 'no back references'],
  ['\\', 'ends in a backslash'],
  ['[z-a]', 'begins after its end'],
  ['\\u00', 'hexadecimal'],
  ['^*', 'cannot be repeated'],
  ['('.repeat(30), 'groups in each other'],
  ['a'.repeat(501), 'longer than 500'],
])('/%s/ is refused: %s', ([source, says]) => {
  expect(() => createPattern(source, '')).toThrow(
    expect.objectContaining({ code: 'INVALID_PATTERN', message: expect.stringContaining(says) }),
  )
})

test('flags that change what a reply is are refused', () => {
  expect(() => createPattern('a', 'g')).toThrow('only flag')
})
