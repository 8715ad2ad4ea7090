import type { Remedy } from './remedy.ts'

/** Not the name of a host, which often has the word in it, and not an open relay on a block list. */
const RELAY_DENIED =
  /(?<![\w.-]|open )relay(?:ing)?\b(?![.-]).{0,60}(?:denied|(?:not|isn't) (?:permitted|allowed|authori[sz]ed)|prohibited|forbidden|rejected|refused)|(?:unable|not (?:permitted|allowed|authori[sz]ed|configured)|refus\w+) to relay\b|(?:cannot|can't|will not|won't|(?:do|does) not|don't|doesn't) relay\b|credentials for relay\b|allowed rcpthosts/i

/** What servers answer to the sender, to a recipient and, some of them, only to the whole message. */
export const ENVELOPE_REMEDIES: readonly Remedy[] = [
  {
    id: 'mail.login-needed',
    when: {
      stages: ['mail', 'rcpt'],
      codes: [503, 530, 535, 550, 553, 554],
      text: /not authenticated|not logged in|authenticat\w+ (?:is )?required|(?:must|need to|have to) (?:be )?(?:log|auth)|login required/i,
    },
    problem: 'the server takes mail only after a login',
    advice:
      'Set `auth`. On Exchange a receive connector for anonymous relay has to allow this address otherwise.',
  },
  {
    id: 'mail.account-refused',
    when: { stages: ['mail', 'rcpt'], codes: [523, 524, 525, 530, 533, 534, 535, 538] },
    problem: 'the server does not take the account, or the lack of one, when mail is offered',
    advice:
      'Without `auth`: set it. With it: the account may be locked, may have no right to send, or has to log in by a stronger way; the log of the server tells which. Then run "connections resume".',
  },
  {
    id: 'mail.sender-domain-unknown',
    when: {
      stages: ['mail', 'rcpt'],
      text: /domain of (?:the )?sender|(?:sender|from\b).{0,60}domain.{0,20}(?:not found|not exist|unknown|invalid|no (?:mx|valid))|sender domain/i,
    },
    or: [{ stages: ['mail', 'rcpt'], statuses: ['5.1.8', '5.7.27'] }],
    problem: "the server finds no mail server for the sender's domain, or none that takes mail",
    advice:
      'Check the domain of the sender for a typing error. One that is used only inside needs an MX or address record in the DNS that the server asks.',
  },
  {
    id: 'mail.sender-not-allowed',
    when: {
      stages: ['mail', 'rcpt', 'data', 'dot'],
      classes: [5],
      text: /SendAsDenied|permissions? to send as|not (?:allowed|permitted|authori[sz]ed) to send (?:as|from|on behalf)/i,
    },
    or: [
      { stages: ['mail', 'rcpt', 'data', 'dot'], statuses: ['5.7.60'] },
      {
        stages: ['mail', 'rcpt'],
        classes: [5],
        text: /send as|not owned by|\bsender\b(?: e-?mail)?(?: address)?(?: \S*@\S*)? (?:(?:is|was|has been) )?(?:not allowed|rejected|denied)|is not verified/i,
      },
    ],
    problem: 'the account may not send as this sender',
    advice:
      'Send as the mailbox that logs in, or let the administrator give it the right to send as the other: Exchange Online `Add-RecipientPermission MAILBOX -Trustee ACCOUNT -AccessRights SendAs` (it takes up to an hour), Exchange Server `Add-ADPermission MAILBOX -User ACCOUNT -ExtendedRights "Send As"`, Postfix `smtpd_sender_login_maps`. SES and others want the sender verified first.',
  },
  {
    id: 'rcpt.relay-denied',
    when: { stages: ['mail', 'rcpt'], classes: [5], text: RELAY_DENIED },
    or: [
      // As Postfix has it where `defer_unauth_destination` is set.
      { stages: ['mail', 'rcpt'], codes: [454], text: RELAY_DENIED },
      { stages: ['rcpt'], statuses: ['5.7.54'] },
    ],
    problem: 'the server does not relay for us to other domains',
    advice:
      'Log in (`auth`), or let the operator allow this address to relay: Postfix `mynetworks`, Exchange a receive connector with "Ms-Exch-SMTP-Accept-Any-Recipient", SES and others a verified sender.',
  },
  {
    id: 'rcpt.unknown',
    when: { stages: ['rcpt'], codes: [550, 551, 553, 554], statuses: ['5.1.1', '5.1.10', '5.1.6'] },
    or: [
      {
        stages: ['rcpt'],
        codes: [550, 551, 553, 554],
        text: /(?:user|recipient|mailbox|account|address)\b.{0,40}(?:unknown|not found|not exist|unavailable|invalid)|(?:unknown|no such|invalid) (?:local )?(?:user|recipient|mailbox|account|address)|unrouteable/i,
      },
    ],
    problem: 'the server knows no such recipient',
    advice:
      'Check the address for a typing error, and take it out of lists if it is gone: mail to unknown recipients costs the reputation of the sender.',
  },
]
