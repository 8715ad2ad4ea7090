import { parseDuration } from '../../duration.ts'
import type { MessageRecord } from '../../ledger/ledger.ts'
import { COMMON_OPTIONS, parseCommandLine } from '../command-line.ts'
import type { Command } from '../context.ts'
import { UsageError } from '../errors.ts'
import type { ExitCode } from '../exit-codes.ts'
import { EXIT } from '../exit-codes.ts'
import { checkMailingOptions, MAILING_OPTIONS, mailingOf } from '../bulk/mailing-options.ts'
import { DELIVERY_OPTIONS, MESSAGE_OPTIONS, RAW_OPTIONS } from '../mail-options.ts'
import { openProducer } from '../producer.ts'
import { readMail } from '../read-mail.ts'
import { loadSetup, tellWarnings } from '../setup.ts'
import type { Terminal } from '../terminal.ts'

const OPTIONS = {
  ...COMMON_OPTIONS,
  ...MESSAGE_OPTIONS,
  ...DELIVERY_OPTIONS,
  connection: { type: 'string' },
  ...RAW_OPTIONS,
  wait: { type: 'boolean' },
  timeout: { type: 'string' },
  ...MAILING_OPTIONS,
} as const

const HELP = `mailroom send: put one message into the queue, or one for each row of a file

Usage: mailroom send --connection NAME --to ADDRESS [options]
       mailroom send --connection NAME < message.eml
       mailroom send --connection NAME --raw --envelope-to ADDRESS < signed.eml
       mailroom send < job.json
       mailroom send --to-file FILE --subject TEXT --text TEXT [options]

  --connection NAME     the connection manager; may be left out when there is only one

The message, unless it comes on standard input:
  --from, --sender, --reply-to ADDRESS
  --to, --cc, --bcc ADDRESS     one or several, separated by "," or ";"; may be repeated
  --subject TEXT
  --text TEXT, --html TEXT      "-" reads it from standard input
  --attach FILE                 may be repeated
  --inline CID=FILE             an image for <img src="cid:CID">; may be repeated
  --header "Name: value"        may be repeated
  --priority High|Normal|Low    only a header
  --in-reply-to ID, --references IDS

A message on standard input:
  --raw                         send the .eml byte for byte, signed ones too; --envelope-to says to whom
  --crlf                        with --raw: end its lines in CRLF first, as a file from Unix needs it

How it is sent:
  --envelope-from ADDRESS       who gets reports, "" for nobody; the author by default
  --envelope-to ADDRESS         who gets it; everybody in --to, --cc and --bcc by default
  --key KEY                     idempotency key: the same key twice is one message
  --delay TIME, --send-at DATE  not before, as "10m" or "2027-01-31T08:00:00Z"
  --not-after DATE              never after
  --supersedes KEY              of messages with the same key only the newest is sent
  --queue-priority high|normal|low
  --uncertain hold|resend|accept    what becomes of it when the server never answers; otherwise
                                what its connection manager says
  --dsn-notify EVENTS           ask servers for reports: never, or of success, failure, delay
  --dsn-return headers|full     how much of the message a report of a failure gives back
  --dsn-envelope-id ID          what reports name the message by; its id by default
  --dsn-required                refuse it where a server knows no reports, instead of sending without
  --require-tls                 under verified TLS to its last server, or not at all
  --wait                        wait until it is delivered or given up, also by its policy
  --timeout TIME                how long to wait; 1m by default

To many, one message each:
  --to-file FILE          CSV in UTF-8 with a column "to" or "email", perhaps "name", and others:
                          {{column}} in subject, text and HTML is the row's value
  --separator SIGN        between the columns; told by the first line otherwise
  --campaign ID           nobody gets a message of the same campaign twice; a digest of connection
                          and message by default, so that a mended list may be sent to again
  --errors FILE           leave out rows that cannot be sent to, and write them to this file
  --dry-run               only check everything, and show the first message

Without --raw an .eml keeps its text, HTML, attachments and the headers that a job may have; it gets a Message-ID
of its own. A job is the JSON that the API takes: {"connection", "message", "envelope", "options"}.

Examples:
  mailroom send --connection relay --to bob@example.org --subject Hi --text Hello --wait
  mailroom send --connection relay --key order-17 --attach invoice.pdf --to bob@example.org \\
    --subject Invoice --text "It is attached."
  mailroom send --connection relay --json < message.eml
  mailroom send --connection relay --to-file recipients.csv --subject "Hello {{name}}" \\
    --text "Your number is {{number}}."
`

/** `mailroom send`: hands one message in, and waits for its outcome when asked to; or a mailing. */
export const send: Command = {
  help: HELP,
  options: OPTIONS,
  run: async (args, context) => {
    const { values } = parseCommandLine('send', args, OPTIONS)
    if (values.timeout !== undefined && values.wait !== true) {
      throw new UsageError('"--timeout" says how long "--wait" waits: give both')
    }
    const timeoutMs = parseDuration(values.timeout ?? '1m')
    checkMailingOptions(values)
    if (values.raw === true && values['to-file'] !== undefined) {
      throw new UsageError('"--raw" sends one message: leave out "--to-file"')
    }
    const setup = await loadSetup(values, context)
    tellWarnings(setup, { mistakesOnly: true })
    const { terminal, config } = setup
    const { mail, attachmentRoots, leftOut } = await readMail(
      values,
      config.connections.names(),
      context,
    )
    if (leftOut.length > 0) {
      const names = leftOut.join(', ')
      terminal.warn({ event: 'left-out', headers: leftOut }, `mailroom: left out: ${names}`)
    }
    const request = mailingOf(values, { mail, attachmentRoots })
    if (request !== undefined) {
      const { sendMailing } = await import('../bulk/send-mailing.ts')
      return sendMailing(request, setup, context)
    }
    await using mailroom = openProducer(setup, { attachmentRoots })
    const receipt = await mailroom.send(mail)
    const { id, messageId, isNew } = receipt
    terminal.tell(
      { event: 'accepted', connection: mail.connection, ...receipt },
      `${isNew ? 'accepted' : 'known before:'} ${id} ${messageId}`,
    )
    if (values.wait !== true) return EXIT.ok
    return tellOutcome(await mailroom.untilSettled(id, { timeoutMs }), terminal)
  },
}

function tellOutcome({ id, state, last, attempts }: MessageRecord, terminal: Terminal): ExitCode {
  const isDelivered = state === 'delivered'
  const reply = [last?.code, last?.status].filter((part) => part !== undefined).join(' ')
  const { code, status, rule } = last ?? {}
  terminal.tell(
    { event: state, id, attempts, code, status, rule },
    [terminal.style(isDelivered ? 'green' : 'red', state), id, reply].join(' ').trimEnd(),
  )
  return isDelivered ? EXIT.ok : EXIT.notDelivered
}
