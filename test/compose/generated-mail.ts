import type { MessageInput } from '../../src/job/message-input.ts'
import { randomOf, type Random } from './random.ts'

const LETTERS = [
  'a',
  'word',
  'Straße',
  'crème brûlée',
  'Привет',
  '你好世界',
  'こんにちは',
  '한국어',
  'שלום',
  'مرحبا \u200Fبالعالم',
  'नमस्ते',
  'สวัสดี',
  'Ελληνικά',
  '😀',
  '👩‍🔬',
  '🇪🇺',
  'e\u0301',
  '\u{1D518}',
  '\u00A0',
  '\u2028',
]
const SIGNS = '. = =3D =?utf-8?Q?x?= =?x ?= -- " \\ < > ; , ( ) @ : [ ] & % * \' # ! _ + ~ ` {'
const LONG = ['x'.repeat(75), 'y'.repeat(76), 'é'.repeat(60), '漢'.repeat(90)]
const LINE_PIECES = [...LETTERS, ...SIGNS.split(' '), ...LONG, ' ', ' ', '  ', '\t']
const BREAKS = ['\r', '\n', '\n', '\r\n', '\n\n', ' \n', '\t\r\n', '\n.', '\n..\n', '\nFrom ']
const CONTROLS = ['\u0001', '\u0007', '\u000B', '\f', '\u001B[0m', '\u007F', '\u0085']
const BODY_PIECES = [
  ...LINE_PIECES,
  ...BREAKS,
  ...BREAKS,
  ...CONTROLS,
  'z'.repeat(998),
  'z'.repeat(1100),
  'ordinary words on a line ',
]
const ADDRESSES = [
  'bob@example.com',
  "o'hara+tag@mail.example.org",
  'a.very.long.local.part.of.an.address.that.goes.on.and.on@example.com',
  'ann@bücher.example',
  '用户@例え.jp',
  'josé@example.com',
  '"odd local"@example.com',
  'x@[192.0.2.1]',
]
const TYPES = ['application/pdf', 'text/csv; charset=utf-8', 'image/png', 'application/x-foo+bar']
const STRUCTURED: Readonly<Record<string, string>> = {
  'List-Id': '"The list" <list.example.com>',
  'List-Unsubscribe': `<https://example.com/u?${'x'.repeat(90)}>, <mailto:u@example.com?subject=leave>`,
  'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
  'List-Help': '<https://example.com/help>',
  'Auto-Submitted': 'auto-generated',
  'Feedback-ID': 'a:b:c:d',
}

/** A message that the contract takes and that has, by chance, all that is hard to write. */
export function generatedMail(seed: number): MessageInput {
  const random = randomOf(seed)
  const mailboxes = (most: number) => random.list(most, () => mailbox(random))
  const cid = random.isTrue(0.5)
  return {
    from: mailbox(random),
    to: [mailbox(random), ...mailboxes(4)],
    bcc: ['hidden@example.com'],
    ...random.maybe(0.3, () => ({ cc: mailboxes(3) })),
    ...random.maybe(0.2, () => ({ sender: mailbox(random) })),
    ...random.maybe(0.3, () => ({ replyTo: [mailbox(random), ...mailboxes(2)] })),
    ...random.maybe(0.95, () => ({ subject: line(random, 12).slice(0, 300).toWellFormed() })),
    ...bodies(random),
    ...random.maybe(0.6, () => ({
      attachments: random.list(4, (at) => attachment(random, cid ? `image.${at}@x` : undefined)),
    })),
    headers: headers(random),
    priority: random.of(['High', 'Normal', 'Low'] as const),
    ...random.maybe(0.3, () => ({ inReplyTo: '<a@example.com>' })),
    ...random.maybe(0.3, () => ({
      references: Array.from({ length: 9 }, (_, at) => `<${'r'.repeat(at * 4)}${at}@example.com>`),
    })),
    date: new Date(random.whole(4_000_000_000) * 1000),
  }
}

/** A text, a page or both, none of them empty. */
function bodies(random: Random) {
  const text = `${random.of(LETTERS)}${random.text(BODY_PIECES, 40)}`
  const html = `<p>${random.text(BODY_PIECES, 40)}</p>`
  return random.of([{ text }, { html }, { text, html }])
}

function mailbox(random: Random) {
  const address = random.of(ADDRESSES)
  const name = line(random, 6).slice(0, 120).toWellFormed()
  return random.isTrue(0.3) || name === '' ? { address } : { name, address }
}

function attachment(random: Random, cid: string | undefined) {
  const filename = line(random, 6)
    .replaceAll(/[/\\\t]/g, '')
    .slice(0, 250)
    .toWellFormed()
    .trim()
  return {
    content: random.isTrue(0.5)
      ? random.text(BODY_PIECES, 30)
      : Buffer.from(Array.from({ length: random.whole(400) }, () => random.whole(256))),
    ...(filename !== '' && { filename: `${filename}${random.of(['', '.txt', '.pdf', '.ics'])}` }),
    ...random.maybe(0.6, () => ({ contentType: random.of(TYPES) })),
    ...(cid !== undefined && { cid }),
  }
}

function headers(random: Random): Record<string, string> {
  const own = line(random, 10).slice(0, 300).toWellFormed()
  const folded = random.list(60, () => 'word').join(' ')
  return Object.fromEntries([
    ...random.list(3, () => random.of(Object.entries(STRUCTURED))),
    ...(own === '' ? [] : [['X-Own', own]]),
    ...(folded === '' ? [] : [['X-Words', folded]]),
  ])
}

/** Text that may stand in a header, as the contract trims it. */
function line(random: Random, most: number): string {
  return random.text(LINE_PIECES, most).trim()
}
