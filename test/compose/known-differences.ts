import type { MessageInput } from '../../src/job/message-input.ts'
import type { Difference } from './differences.ts'

/** Where nodemailer builds another message than we do, and who is right. */
interface KnownDifference {
  readonly what: string
  readonly why: string
  readonly is: (difference: Difference) => boolean
}

const LOOKS_ENCODED = /=\?.*\?/

/** All of them where parts are the same ones; each occurs, and nothing else does. */
export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    what: 'text that looks encoded',
    why: "nodemailer's: RFC 2047 §7 has readers decode it, so that they see other text than was written",
    is: ({ path, ours }) =>
      !/content$|^text$|^html$/.test(path) && typeof ours === 'string' && LOOKS_ENCODED.test(ours),
  },
  {
    what: 'a fold right behind the name of a header',
    why: "nodemailer's: RFC 5322 §2.2.3 has the white space behind it belong to the value",
    is: ({ path, ours, theirs }) => path.startsWith('headers.') && theirs === ` ${String(ours)}`,
  },
  {
    what: 'white space in a name',
    why: "nodemailer's: between the words of a phrase as many spaces as one likes are one (RFC 5322 §3.2.5)",
    is: ({ path, ours, theirs }) =>
      /^headers\.(?:from|sender|reply-to|to|cc)\./.test(path) &&
      typeof ours === 'string' &&
      ours.replaceAll(/\s+/g, ' ') === theirs,
  },
  {
    what: 'the charset of files',
    why: 'a choice: nobody said it, and files need not be UTF-8 (RFC 2046 §4.1.2)',
    is: ({ path, ours, theirs }) =>
      /parts\.\d+\.parameters\.charset$/.test(path) && ours === undefined && theirs === 'utf-8',
  },
]

/** Where nodemailer builds other parts than we do. */
export const OTHER_PARTS: readonly (readonly [
  what: string,
  message: MessageInput,
  ours: readonly string[],
  theirs: readonly string[],
])[] = [
  // A choice: readers show a file that is the whole message in as many ways as there are readers.
  [
    'a file without a text',
    { attachments: [{ content: 'x', filename: 'a.pdf' }] },
    ['multipart/mixed', 'text/plain', 'application/pdf'],
    ['application/pdf'],
  ],
  // A choice: nothing of a message in a message is encoded (RFC 2046 §5.2.1), nor may it be broken.
  [
    'a message with 8-bit text in a message',
    { text: 'a', attachments: [{ filename: 'a.eml', content: 'Subject: a\r\n\r\nü\r\n' }] },
    ['multipart/mixed', 'text/plain', 'application/octet-stream'],
    ['multipart/mixed', 'text/plain', 'message/rfc822'],
  ],
]
