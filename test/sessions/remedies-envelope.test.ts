import { expect, test } from 'vitest'

import { remedyFor, remedyForMail } from '../../src/connections/remedies/find.ts'
import { parseReply } from '../../src/smtp/reply.ts'
import type { Stage } from '../../src/smtp/stage.ts'
import { managerFor } from '../support/resolved-manager.ts'

test.for<[answer: string, stage: Stage, problem: string]>([
  [
    '550 5.7.60 SMTP; Client does not have permissions to send as this sender SendAsDenied',
    'mail',
    'mail.sender-not-allowed',
  ],
  [
    '530 5.7.57 Client was not authenticated to send anonymous mail during MAIL FROM',
    'mail',
    'mail.login-needed',
  ],
  ['554 5.7.1 <ann@example.org>: Relay access denied', 'rcpt', 'rcpt.relay-denied'],
  ['530-5.7.0 Authentication Required.\n530 5.7.0 gsmtp', 'mail', 'mail.login-needed'],
  ['503 5.5.1 you must authenticate first', 'mail', 'mail.login-needed'],
  ['530 5.7.1 no', 'mail', 'mail.account-refused'],
  ['535 5.7.3 Authentication unsuccessful', 'mail', 'mail.account-refused'],
  ['530 5.7.0 Must issue a STARTTLS command first', 'mail', 'auth.needs-tls'],
  [
    '554 5.2.252 SendAsDenied; app@example.com not allowed to send as ann@example.com',
    'dot',
    'mail.sender-not-allowed',
  ],
  [
    '553 5.7.1 <ann@example.com>: Sender address rejected: not owned by user app',
    'rcpt',
    'mail.sender-not-allowed',
  ],
  [
    '554 Message rejected: Email address is not verified. The following identities failed',
    'mail',
    'mail.sender-not-allowed',
  ],
  [
    '450 4.1.8 <app@nowhere.test>: Sender address rejected: Domain not found',
    'rcpt',
    'mail.sender-domain-unknown',
  ],
  // Postfix.
  ['454 4.7.1 <ann@example.org>: Relay access denied', 'rcpt', 'rcpt.relay-denied'],
  // Exim.
  ['550 relay not permitted', 'rcpt', 'rcpt.relay-denied'],
  [
    '550 app.example.com [192.0.2.1] is currently not permitted to relay through this server.',
    'rcpt',
    'rcpt.relay-denied',
  ],
  // Exchange, and IIS.
  [
    '550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain',
    'rcpt',
    'rcpt.relay-denied',
  ],
  ['550 5.7.1 Unable to relay for ann@example.org', 'rcpt', 'rcpt.relay-denied'],
  // Sendmail, Courier, Domino, MDaemon, Google Workspace, qmail.
  ['550 5.7.1 <ann@example.org>... Relaying denied', 'rcpt', 'rcpt.relay-denied'],
  [
    '550 5.7.1 <ann@example.org>... Relaying denied. IP name lookup failed [192.0.2.1]',
    'rcpt',
    'rcpt.relay-denied',
  ],
  ['513 Relaying denied.', 'rcpt', 'rcpt.relay-denied'],
  ['554 Relay rejected for policy reasons.', 'rcpt', 'rcpt.relay-denied'],
  ['550 5.7.1 This system is not configured to relay mail', 'rcpt', 'rcpt.relay-denied'],
  ['550 5.7.1 Invalid credentials for relay [192.0.2.1].', 'mail', 'rcpt.relay-denied'],
  ['553 sorry, that domain is not in my list of allowed rcpthosts', 'rcpt', 'rcpt.relay-denied'],
  ['550 5.7.1 we do not relay', 'rcpt', 'rcpt.relay-denied'],
  ['550 Sender address is not allowed.', 'mail', 'mail.sender-not-allowed'],
  [
    '554 5.7.1 <app@example.com>: Sender address rejected: Access denied',
    'mail',
    'mail.sender-not-allowed',
  ],
  ['550 5.1.1 no such user here', 'rcpt', 'rcpt.unknown'],
  ['550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found', 'rcpt', 'rcpt.unknown'],
  ['550 Unrouteable address', 'rcpt', 'rcpt.unknown'],
])('"%s" at %s is %s', async ([answer, stage, problem]) => {
  const { manager } = await managerFor({ port: 25 }, {})
  expect(remedyFor(replyAt(stage, answer), manager)?.id).toBe(problem)
  const { reply } = replyAt(stage, answer)
  expect(remedyForMail({ stage, ...reply })?.id).toBe(problem)
})

/** Of a login, of spam, of a good recipient, or for now. */
test.for<[answer: string, stage: Stage]>([
  ['535 5.7.8 no', 'auth'],
  ['550 5.7.1 this looks like spam', 'dot'],
  ['250 2.1.5 user unknown, will try', 'rcpt'],
  ['452 4.2.2 mailbox is full', 'rcpt'],
  ['550 5.7.30 REQUIRETLS support required', 'mail'],
  ['421 4.3.2 relay1.corp.example Service not available', 'rcpt'],
  ['451 4.3.0 relay1.example.com: Temporary lookup failure', 'rcpt'],
  ['450 4.7.1 <ann@example.org>: Greylisted by relay3.corp', 'rcpt'],
  ['450 4.2.0 <app@example.com>: Sender address rejected: greylisted', 'rcpt'],
  ['550 5.7.1 Sender IP 1.2.3.4 rejected, see spamhaus', 'mail'],
  ['550 5.7.1 relay.example.com: Client host rejected: Access denied', 'rcpt'],
  ['550 5.7.1 192.0.2.1 is an open relay, mail from it is denied', 'rcpt'],
  ['451 4.7.1 relaying denied for a moment, greylisted', 'rcpt'],
])('"%s" at %s is no problem of the mail', ([answer, stage]) => {
  const { reply } = replyAt(stage, answer)
  expect(remedyForMail({ stage, ...reply })).toBeUndefined()
})

function replyAt(stage: Stage, answer: string) {
  const reply = parseReply(answer)
  if (reply === undefined) throw new TypeError(`expected a reply, got ${answer}`)
  return { kind: 'reply', stage, reply } as const
}
