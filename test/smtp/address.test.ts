import { expect, test } from 'vitest'

import {
  domainOf,
  formatMailbox,
  parseMailbox,
  parseMailboxList,
  toEnvelopeAddress,
  type Mailbox,
} from '../../src/smtp/address.ts'

const LONG_LOCAL = 'l'.repeat(64)
const LONG_LABEL = 'd'.repeat(63)

test.for<[address: string]>([
  ['bob@example.com'],
  ['bob.smith@mail.example.com'],
  ['b@e'],
  ['root@localhost'],
  ["!#$%&'*+-/=?^_`{|}~@example.com"],
  ['first+tag@example.co.uk'],
  ['12@34.example'],
  ['bob@xn--bcher-kva.example'],
  ['bob@my-host.example'],
  ['"john doe"@example.com'],
  ['"a@b"@example.com'],
  [String.raw`"a\"b\\c"@example.com`],
  ['"a,b;c<d>"@example.com'],
  ['""@example.com'],
  ['"ящик x"@example.com'],
  ['почта@example.com'],
  ['josé.garcía@example.com'],
  ['用户@例子.广告'],
  ['bob@bücher.example'],
  ['bob@ПРИМЕР.рф'],
  ['bob@faß.de'],
  ['संपर्क@उदाहरण.भारत'],
  ['bob@[127.0.0.1]'],
  ['bob@[IPv6:2001:db8::1]'],
  ['bob@[ipv6:::1]'],
  [`${LONG_LOCAL}@example.com`],
  [`bob@${LONG_LABEL}.example`],
  [`${'é'.repeat(32)}@example.com`],
  [`b@${`${'d'.repeat(62)}.`.repeat(3)}${LONG_LABEL}`],
])('%s is an address', ([address]) => {
  expect(parseMailbox(address)).toEqual({ kind: 'mailbox', mailbox: { address } })
  expect(parseMailbox(`Bob <${address}>`)).toEqual({
    kind: 'mailbox',
    mailbox: { name: 'Bob', address },
  })
})

test.for<[address: string, reason: RegExp, position: number]>([
  ['', /expected an address/, 0],
  ['   ', /expected an address/, 0],
  ['bob', /at sign/, 3],
  ['<>', /at sign/, 1],
  ['@example.com', /local part before/, 0],
  ['bob@', /domain after/, 4],
  ['a@b@example.com', /one at sign/, 0],
  ['.bob@example.com', /dot/, 0],
  ['bob.@example.com', /dot/, 0],
  ['b..b@example.com', /dot/, 0],
  ['bob smith@example.com', /angle brackets after a name/, 4],
  ['<bob smith@example.com>', /local part has a character/, 1],
  ['<bob @example.com>', /local part has a character/, 1],
  ['<bob@ example.com>', /domain is malformed/, 5],
  ['b\u00a0b@example.com', /angle brackets|local part/, 2],
  ['"bob@example.com', /quotation is not closed/, 0],
  ['"bob"x@example.com', /quotation is malformed/, 0],
  ['bob\\@example.com', /quotes/, 3],
  ['bob@-example.com', /domain is malformed/, 4],
  ['bob@example-.com', /domain is malformed/, 4],
  ['bob@example..com', /domain is malformed/, 4],
  ['bob@.example.com', /domain is malformed/, 4],
  ['bob@example.com.', /domain is malformed/, 4],
  ['bob@exa_mple.com', /domain is malformed/, 4],
  ['bob@exa%41mple.com', /domain is malformed/, 4],
  ['bob@bü%41cher.example', /domain is malformed/, 4],
  ['bob@bü/cher.example', /domain is malformed/, 4],
  ['bob@例子。广告', /domain is malformed/, 4],
  ['bob@☃.example', /domain is malformed/, 4],
  ['bob@127.0.0.1', /square brackets/, 4],
  ['bob@example.123', /square brackets/, 4],
  ['bob@[127.0.0]', /address literal/, 4],
  ['bob@[256.0.0.1]', /address literal/, 4],
  ['bob@[::1]', /address literal/, 4],
  ['bob@[IPv6:127.0.0.1]', /address literal/, 4],
  ['bob@[IPv6:fe80::1%eth0]', /address literal/, 4],
  ['bob@[]', /address literal/, 4],
  ['bob@[127.0.0.1', /quotes/, 4],
  [`l${LONG_LOCAL}@example.com`, /64 octets/, 0],
  [`${'é'.repeat(33)}@example.com`, /64 octets/, 0],
  [`bob@d${LONG_LABEL}.example`, /63 octets/, 4],
  [`bob@${'ü'.repeat(63)}.example`, /malformed|63 octets/, 4],
  [`b@${'d.'.repeat(130)}d`, /255 octets/, 2],
  [`${LONG_LOCAL}@${'d.'.repeat(95)}d`, /254 octets/, 0],
  ['bob@exam\nple.com', /line breaks/, 8],
  ['bob@example.com\r\nRCPT TO:<eve@example.com>', /line breaks/, 15],
  ['bob@example.com\u0000', /line breaks/, 15],
  ['bob\u0085@example.com', /line breaks/, 3],
  ['bob\u2028@example.com', /line breaks/, 3],
  ['bob\ud800@example.com', /line breaks/, 3],
  ['Bob <bob@example.com', /angle bracket is not closed/, 4],
  ['Bob bob@example.com>', /quotes/, 19],
  ['Bob <bob@example.com> x', /after the angle brackets/, 22],
  ['<bob@example.com> <eve@example.com>', /after the angle brackets/, 18],
  ['bob@example.com (comment', /comment is not closed/, 16],
  ['Team: bob@example.com, eve@example.com;', /groups/, 4],
  ['undisclosed-recipients:;', /groups/, 22],
  ['bob@example.com, eve@example.com', /one mailbox/, 17],
  ['Bob: <bob@example.com>', /groups/, 3],
])('%j is none', ([text, reason, position]) => {
  const parsed = parseMailbox(text)
  expect(parsed).toMatchObject({ kind: 'invalid', position })
  expect(parsed.kind === 'invalid' && parsed.reason).toMatch(reason)
  expect(parsed.kind === 'invalid' && parsed.reason).not.toMatch(/bob|eve|example\.com/)
})

test.for<[text: string, mailbox: Mailbox]>([
  [' bob@example.com\t', { address: 'bob@example.com' }],
  ['<bob@example.com>', { address: 'bob@example.com' }],
  ['Bob<bob@example.com>', { name: 'Bob', address: 'bob@example.com' }],
  ['Bob  Smith < bob@example.com >', { name: 'Bob Smith', address: 'bob@example.com' }],
  ['J. R. "Bob" Dobbs <bob@example.com>', { name: 'J. R. Bob Dobbs', address: 'bob@example.com' }],
  ['"Smith, Bob" <bob@example.com>', { name: 'Smith, Bob', address: 'bob@example.com' }],
  ['"a;b:c<d>" <bob@example.com>', { name: 'a;b:c<d>', address: 'bob@example.com' }],
  [
    String.raw`"a \"b\" \\c" <bob@example.com>`,
    { name: String.raw`a "b" \c`, address: 'bob@example.com' },
  ],
  ['"" <bob@example.com>', { address: 'bob@example.com' }],
  ['Иван Петров <bob@example.com>', { name: 'Иван Петров', address: 'bob@example.com' }],
  ["Zoë O'Neil-王 🙂 <bob@example.com>", { name: "Zoë O'Neil-王 🙂", address: 'bob@example.com' }],
  ['bob@example.com <bob@example.com>', { name: 'bob@example.com', address: 'bob@example.com' }],
  ['bob@example.com (Bob)', { address: 'bob@example.com' }],
  [
    '(a (nested, \\) one)) Bob (x) <bob@example.com> (y)',
    { name: 'Bob', address: 'bob@example.com' },
  ],
  ['Bob <"b>o,b"@example.com>', { name: 'Bob', address: '"b>o,b"@example.com' }],
])('%s is read', ([text, mailbox]) => {
  expect(parseMailbox(text)).toEqual({ kind: 'mailbox', mailbox })
})

test.for<[text: string, addresses: readonly string[]]>([
  ['', []],
  [' , ;; ', []],
  ['a@x.example', ['a@x.example']],
  ['a@x.example,b@x.example;c@x.example', ['a@x.example', 'b@x.example', 'c@x.example']],
  ['a@x.example; b@x.example;', ['a@x.example', 'b@x.example']],
  ['"a;b,c" <a@x.example>; B <b@x.example>', ['a@x.example', 'b@x.example']],
  ['a@x.example (one, two; three), b@x.example', ['a@x.example', 'b@x.example']],
  ['"a;b"@x.example,<"c,d"@x.example>', ['"a;b"@x.example', '"c,d"@x.example']],
  ['a@[IPv6:::1];b@[127.0.0.1]', ['a@[IPv6:::1]', 'b@[127.0.0.1]']],
])('the list %j is read', ([text, addresses]) => {
  const parsed = parseMailboxList(text)
  expect(parsed.kind === 'mailboxes' && parsed.mailboxes.map(({ address }) => address)).toEqual(
    addresses,
  )
})

test.for<[text: string, positions: readonly number[]]>([
  ['a@x.example, bob, c@x.example; @d, <e@x..example>', [16, 31, 38]],
  ['Smith, Bob <bob@x.example>', [5]],
  ['a@x.example b@x.example, c', [12, 26]],
  ['Team: a@x.example; b@x..example', [4, 21]],
  ['a@x.example, "never closed <b@x.example>, c', [13]],
  ['bob, (never closed, c', [3, 5]],
  ['a@x.example,\nb', [12]],
])('every problem of the list %j is told', ([text, positions]) => {
  const parsed = parseMailboxList(text)
  expect(parsed.kind === 'invalid' && parsed.problems.map(({ position }) => position)).toEqual(
    positions,
  )
})

test('a list of a megabyte is read in no time, also a hostile one', () => {
  const before = process.cpuUsage()
  for (const piece of ['(,', '"",', '<,', '<"",', '\\",', '[,', 'a@-', '"a" ', 'a ', '<"a"']) {
    expect(parseMailboxList(piece.repeat(250_000)).kind).toMatch(/^(?:invalid|mailboxes)$/)
  }
  expect(parseMailboxList('a@x.example;'.repeat(80_000))).toMatchObject({ kind: 'mailboxes' })
  // What others do on this machine is not counted; a quadratic reader would need hours.
  expect(process.cpuUsage(before).user / 1_000).toBeLessThan(10_000)
})

test.for<[mailbox: Mailbox, text: string]>([
  [{ address: 'bob@example.com' }, 'bob@example.com'],
  [{ name: '', address: 'bob@example.com' }, 'bob@example.com'],
  [{ name: 'Bob Smith', address: 'bob@example.com' }, 'Bob Smith <bob@example.com>'],
  [{ name: 'Иван', address: 'bob@example.com' }, 'Иван <bob@example.com>'],
  [{ name: 'Smith, Bob', address: 'bob@example.com' }, '"Smith, Bob" <bob@example.com>'],
  [{ name: String.raw`a "b" \c`, address: 'b@e' }, String.raw`"a \"b\" \\c" <b@e>`],
  [{ name: 'two  spaces', address: 'b@e' }, '"two  spaces" <b@e>'],
])('%j is written as %s and read as the same', ([mailbox, text]) => {
  expect(formatMailbox(mailbox)).toBe(text)
  const parsed = parseMailbox(text)
  const { name = '', address } = mailbox
  expect(parsed).toMatchObject({ kind: 'mailbox', mailbox: name ? { name, address } : { address } })
})

test.for<[address: string, envelope: string]>([
  ['bob@example.com', 'bob@example.com'],
  ['Bob@Example.COM', 'Bob@Example.COM'],
  ['bob@bücher.example', 'bob@xn--bcher-kva.example'],
  ['bob@ПРИМЕР.рф', 'bob@xn--e1afmkfd.xn--p1ai'],
  ['"a@ b"@bücher.example', '"a@ b"@xn--bcher-kva.example'],
  ['почта@пример.рф', 'почта@пример.рф'],
  ['почта@example.com', 'почта@example.com'],
  ['bob@[127.0.0.1]', 'bob@[127.0.0.1]'],
])('%s is %s in an envelope', ([address, envelope]) => {
  expect(toEnvelopeAddress({ name: 'Bob', address })).toBe(envelope)
})

test.for<[address: string, domain: string]>([
  ['bob@example.com', 'example.com'],
  ['"a@b"@example.com', 'example.com'],
  ['bob@[IPv6:::1]', '[IPv6:::1]'],
])('the domain of %s is %s', ([address, domain]) => {
  expect(domainOf(address)).toBe(domain)
})
