import PostalMime, { type Email } from 'postal-mime'
import { describe, expect, test } from 'vitest'

import type { MessageInput } from '../../src/job/message-input.ts'
import { CORPUS } from '../producer/mail-corpus.ts'
import { canonical, comparable, headersAsked, leavesAsked, leavesOf } from './as-asked.ts'
import { differencesOf, type Difference } from './differences.ts'
import { generatedMail } from './generated-mail.ts'
import { KNOWN_DIFFERENCES, OTHER_PARTS } from './known-differences.ts'
import { builtByNodemailer } from './nodemailers.ts'
import { readWithPython, whyNoPython } from './read-with-python.ts'
import { composed, jobOf, NOW } from './support.ts'
import { brokenRules } from './wire-rules.ts'

/** `MAIL_SEED` and `MAIL_COUNT` look at others. */
const FIRST = Number(process.env['MAIL_SEED'] ?? 1)
const COUNT = Number(process.env['MAIL_COUNT'] ?? 200)
/** One with two spaces in a plain name, which are rare. */
const SEEDS = [1666, ...Array.from({ length: COUNT }, (_, at) => FIRST + at)]

/** What people send, as far as it is said by the same properties here and there. */
const ORDINARY = [
  'a plain text',
  'no subject',
  'dots and long lines',
  'line ends of every kind',
  'names and subjects beyond ASCII',
  'text and HTML',
  'copies and blind copies',
].map((name): [string, MessageInput] => [name, corpusMail(name)])

const mails = await Promise.all(
  [...SEEDS.map((seed) => [seed, generatedMail(seed)] as const), ...ORDINARY].map(
    async ([seed, message]) => {
      const job = jobOf(message)
      const { bytes } = await composed(job)
      return { seed, job, bytes, theirs: await builtByNodemailer(message, job.messageId) }
    },
  ),
)

test('whatever a message is made of, its bytes break no rule of the wire', () => {
  const broken = mails.flatMap(({ seed, job, bytes }) => {
    const { from, sender, to = [], cc = [], replyTo = [] } = job.message ?? {}
    const addresses = [from, sender, ...to, ...cc, ...replyTo].map((one) => one?.address ?? '')
    const isInternational = addresses.some((address) => /[^ -~].*@/.test(address))
    return brokenRules(bytes, isInternational).map((rule) => ({ seed, rule }))
  })
  expect(broken).toEqual([])
})

test('no header names whom a blind copy goes to', () => {
  expect(mails.filter(({ bytes }) => /^bcc:|hidden@|dan@/im.test(bytes.toString()))).toEqual([])
  const hasHidden = mails.filter(({ job }) => /"(?:hidden|dan)@/.test(JSON.stringify(job.envelope)))
  expect(hasHidden).toHaveLength(SEEDS.length + 1)
})

test('to postal-mime a message is what nodemailer builds, but for what is known', async () => {
  const found = mails.map(async ({ seed, bytes, theirs }) => {
    const [one, other] = [await PostalMime.parse(bytes), await PostalMime.parse(theirs)]
    return differencesOf(shown(one), shown(other)).map((difference) => ({ seed, ...difference }))
  })
  expect((await Promise.all(found)).flat().filter((one) => !isKnown(one))).toEqual([])
})

test.for(OTHER_PARTS)('%s has parts of our choice', async ([, message, ours, theirs]) => {
  const complete = { from: 'ann@example.com', to: 'bob@example.com', ...message }
  const { bytes } = await composed(jobOf(complete))
  expect(typesOf(bytes)).toEqual(ours)
  expect(typesOf(await builtByNodemailer(complete, '<a@example.com>'))).toEqual(theirs)
})

const reason = whyNoPython()

describe.skipIf(reason !== undefined)(`to Python's email package${reason ?? ''}`, () => {
  const readings =
    reason === undefined
      ? readWithPython(mails.flatMap(({ bytes, theirs }) => [bytes, theirs])).map(comparable)
      : []
  const read = mails.flatMap(({ seed, job }, at) => {
    const [ours, theirs] = readings.slice(at * 2)
    return ours && theirs ? [{ seed, job, ours, theirs }] : []
  })

  test('every header, file name, text and byte is what was asked for', () => {
    expect(read).toHaveLength(mails.length)
    for (const { seed, job, ours } of read) {
      expect({ seed, ...ours.headers }).toEqual({ seed, ...headersAsked(job) })
      expect({ seed, leaves: leavesOf(ours.body) }).toEqual({ seed, leaves: leavesAsked(job) })
      expect({ seed, defects: ours.defects }).toEqual({ seed, defects: [] })
    }
  })

  test('a message is what nodemailer builds, but for what is known', () => {
    const found = read.flatMap(({ seed, ours, theirs }) =>
      differencesOf(ours, theirs).map((one) => ({ seed, ...one })),
    )
    expect(found.filter((one) => !isKnown(one))).toEqual([])
    const unseen = KNOWN_DIFFERENCES.filter(({ is }) => !found.some((one) => is(one)))
    expect(unseen.map(({ what }) => what)).toEqual([])
  })
})

function corpusMail(name: string): MessageInput {
  const mail = { from: 'ann@example.com', to: 'bob@example.com', date: NOW, ...CORPUS[name] }
  return mail as MessageInput
}

function isKnown(one: Difference): boolean {
  return KNOWN_DIFFERENCES.some(({ is }) => is(one))
}

/** What a reader shows of a message, but for empty lines: postal-mime has its own way with them. */
function shown({ text, html, attachments, ...email }: Email) {
  return {
    ...email,
    headers: undefined,
    headerLines: undefined,
    text: canonical(text ?? '').replaceAll(/\s*\n\s*/g, '\n'),
    html: canonical(html ?? '').replaceAll(/\s*\n\s*/g, '\n'),
    attachments: attachments.map(({ content, ...facts }) => ({
      ...facts,
      content: Buffer.from(content as ArrayBuffer).toString('base64'),
    })),
  }
}

function typesOf(bytes: Buffer): readonly string[] {
  return [...bytes.toString().matchAll(/^Content-Type: ([^;\r]+)/gm)].map(([, type = '']) => type)
}
