import { formatDuration } from '../duration.ts'
import { describeOutdated } from '../connections/client-certificate.ts'
import type { Extensions } from '../connections/extensions.ts'
import type { CertificateFacts } from '../connections/session-security.ts'
import type { VerificationStep } from '../connections/verification.ts'
import { describeManagerAnswer, describeMessageAnswer } from '../smtp/explain.ts'
import type { Verdict } from '../smtp/verdict.ts'
import { printable, type Row } from './table.ts'
import type { Terminal } from './terminal.ts'
import { certificateOf, isPinnedExpired, type Verified } from './verify-connections.ts'

/** Draws each step with its mark, its time and what was found, then what to do. */
export function drawVerified(verified: Verified, terminal: Terminal, soonDays: number): void {
  const { connection, ok, ms, steps, certificate, verdict, advice, conversation = [] } = verified
  const result = terminal.style(ok ? 'green' : 'red', ok ? 'works' : 'does not work')
  const name = terminal.style('bold', printable(connection))
  terminal.say(`${name}  ${result} (${formatDuration(ms)})`)
  for (const step of steps) {
    const mark = step.ok ? terminal.style('green', '✔') : terminal.style('red', '✖')
    const time = terminal.style('dim', formatDuration(step.ms))
    const found = step.detail ?? NOTES[step.step]?.(verified) ?? ''
    const which = step.recipient === undefined ? '' : ` ${step.recipient}`
    terminal.say(
      `  ${mark} ${step.step}${which} ${time}${found === '' ? '' : `: ${printable(found)}`}`,
    )
  }
  for (const warning of [warningOf(verified, soonDays), warningOfOurs(verified, soonDays)]) {
    if (warning !== undefined) terminal.say(`    ${terminal.style('yellow', warning)}`)
  }
  if (certificate && isOfTls(steps.at(-1))) {
    for (const line of linesOfCertificate(certificate)) terminal.say(`    ${printable(line)}`)
  }
  if (verdict) terminal.say(`    ${printable(describeVerdict(verdict))}`)
  if (advice !== undefined) terminal.say(`    ${printable(advice)}`)
  for (const line of conversation) terminal.say(terminal.style('dim', `    ${printable(line)}`))
}

/** One line about it in a table of all. */
export function rowOfVerified(verified: Verified): Row {
  const { connection, ok, ms, steps, security, login, problem } = verified
  const failed = steps.find((step) => !step.ok)
  return {
    connection,
    result: ok ? 'works' : `fails at ${failed?.step ?? 'start'}`,
    time: formatDuration(ms),
    tls: security?.kind === 'tls' ? security.protocol : security?.kind,
    login: login?.mechanism,
    certificateEnds: certificateOf(verified)?.validTo.toISOString().slice(0, 10),
    problem,
  }
}

function isOfTls(failed: VerificationStep | undefined): boolean {
  return failed?.step === 'tls' || failed?.step === 'starttls'
}

/** What the server would do to mail of that envelope. */
function describeVerdict(verdict: Verdict): string {
  const message = describeMessageAnswer(verdict)
  const manager = describeManagerAnswer(verdict)
  return `Mail of it ${message}; the connection manager ${manager} (rule ${verdict.rule}).`
}

/** What can be compared with what the operator of the server says. */
function linesOfCertificate(facts: CertificateFacts): readonly string[] {
  const { subject, issuer, names, validFrom, validTo, fingerprint } = facts
  return [
    `certificate of ${subject}${names === '' ? '' : ` (${names})`} by ${issuer}`,
    `valid from ${validFrom.toISOString()} to ${validTo.toISOString()}`,
    `SHA-256 fingerprint ${fingerprint}`,
  ]
}

/** That the server's certificate ends in less than `soonDays`, or has; undefined when it does not. */
function warningOf(verified: Verified, soonDays: number): string | undefined {
  const { certificateDaysLeft: days, security } = verified
  if (days === undefined || days >= soonDays) return undefined
  if (days >= 0) {
    const left = `${days} day${days === 1 ? '' : 's'}`
    return `The server's certificate ends in ${left}: its operator has to renew it before.`
  }
  const ended = certificateOf(verified)?.validTo.toISOString().slice(0, 10)
  // Where no session came of it, the step that failed says so.
  if (security?.kind !== 'tls' || ended === undefined) return undefined
  return isPinnedExpired(verified)
    ? `The server's certificate ended on ${ended}: it is used because it is the pinned one.`
    : `The server's certificate ended on ${ended}: its operator has to renew it.`
}

/** The same of the certificate that we show, which a server need not look at. */
function warningOfOurs(
  { clientCertificate, clientCertificateDaysLeft: days = Infinity }: Verified,
  soonDays: number,
): string | undefined {
  const wrong = clientCertificate && describeOutdated(clientCertificate, new Date())
  const renew = 'have it renewed, and put the new one and its key in their place.'
  if (wrong !== undefined) return `Our certificate (tlsOptions.cert) ${wrong.says}: ${renew}`
  if (days >= soonDays) return undefined
  return `Our certificate (tlsOptions.cert) ends in ${days} day${days === 1 ? '' : 's'}: ${renew}`
}

/** What was found at a step that was passed; empty when there is nothing to tell. */
const NOTES: Readonly<Partial<Record<VerificationStep['step'], (verified: Verified) => string>>> = {
  connect: ({ address = '' }) => address,
  ehlo: ({ extensions }) => (extensions ? describeOffer(extensions) : ''),
  tls: describeSecurity,
  starttls: describeSecurity,
  auth: describeLogin,
}

function describeOffer(offer: Extensions): string {
  const words = [
    offer.startTls && 'STARTTLS',
    offer.auth.length > 0 && `AUTH ${offer.auth.join(' ')}`,
    offer.size && `SIZE ${offer.maxBytes ?? 'without a limit'}`,
    offer.pipelining && 'PIPELINING',
    offer.eightBitMime && '8BITMIME',
    offer.smtpUtf8 && 'SMTPUTF8',
  ]
  return words.filter((word) => word !== false).join(', ') || 'nothing that matters'
}

function describeSecurity(verified: Verified): string {
  const { security, certificateDaysLeft } = verified
  if (security?.kind === 'plain') return 'it failed; the session goes on without TLS'
  if (security === undefined) return ''
  const certificate = certificateOf(verified)
  const words = [`${security.protocol}, ${security.cipher}`]
  if (certificate) {
    const ends = certificate.validTo.toISOString().slice(0, 10)
    const left = certificateDaysLeft === undefined ? '' : ` (${certificateDaysLeft} days left)`
    words.push(
      `certificate of ${certificate.subject} by ${certificate.issuer} until ${ends}${left}`,
    )
  }
  if (!security.isVerified) words.push('not verified')
  return words.join('; ')
}

function describeLogin({ login }: Verified): string {
  if (login === undefined) return ''
  return `${login.mechanism} as ${login.user ?? 'the account of this process'}`
}
