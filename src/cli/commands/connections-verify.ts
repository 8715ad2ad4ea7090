import type { TriedEnvelope } from '../../connections/envelope-trial.ts'
import { parseDuration } from '../../duration.ts'
import { parseMailbox, toEnvelopeAddress } from '../../smtp/address.ts'
import { COMMON_OPTIONS, parseCommandLine } from '../command-line.ts'
import type { Command } from '../context.ts'
import { drawVerified, rowOfVerified } from '../describe-verified.ts'
import { UsageError } from '../errors.ts'
import { EXIT } from '../exit-codes.ts'
import { loadSetup, tellWarnings } from '../setup.ts'
import { openFleetTokens } from '../fleet-tokens.ts'
import { isPinnedExpired, verifyConnections, type Verified } from '../verify-connections.ts'

const COMMAND = 'connections verify'
const OPTIONS = {
  ...COMMON_OPTIONS,
  all: { type: 'boolean' },
  timeout: { type: 'string' },
  'certificate-days': { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string', multiple: true },
} as const

/** A certificate that ends sooner is pointed out. */
const SOON_DAYS = 21

/** `mailroom connections verify`: whether connection managers can be used from here. */
export const connectionsVerify: Command = {
  help: `mailroom connections verify: connect, protect the session, log in and leave again

Usage: mailroom connections verify [NAME]... [options]

  --all                     all of them, as a table, then those of which something is to be told
  --timeout TIME            how long one connection manager may take; 30s by default
  --certificate-days DAYS   fails as well when a server's certificate, or ours, ends within so many
                            days; without it one that ends within ${SOON_DAYS} days is pointed out only,
                            as is one of a server that has ended and is pinned
  --from ADDRESS            ask as well whether it would take mail of this sender
  --to ADDRESS              and to this recipient; may be given more than once, with --from

All of them unless names are given, five at a time; of a group each of its members. Each step is shown
with a mark, its time and what was found: the address, what the server offers, TLS and certificate,
the login. The one that fails has the reason, what to do and what was said: of a login only the
mechanism. With --from the envelope is asked for too, MAIL and RCPT, and taken back before any message;
a sender or recipient that is not wanted comes with what it means for mail. No message is sent; the
store is asked only for the token of a login with a refresh token, which the workers keep there. Exit
code 0 when all can be used, 7 when at least one cannot: a gate for a deployment.

Examples:
  mailroom connections verify
  mailroom connections verify relay --timeout 5s
  mailroom connections verify --all --certificate-days 14
  mailroom connections verify relay --from app@example.com --to ann@example.org
`,
  options: OPTIONS,
  completes: 'connections',
  run: async (args, context) => {
    const { values, positionals } = parseCommandLine(COMMAND, args, OPTIONS, Infinity)
    const isAll = values.all === true
    if (isAll && positionals.length > 0) {
      throw new UsageError(`${COMMAND} expects either names or --all`)
    }
    const timeoutMs = parseDuration(values.timeout ?? '30s')
    const leastDays = parseDays(values['certificate-days'])
    const envelope = parseEnvelope(values.from, values.to)
    const setup = await loadSetup(values, context, { usesQueue: false })
    tellWarnings(setup)
    const { connections, rules } = setup.config
    const names = positionals.length > 0 ? [...new Set(positionals)] : connections.names()
    const { env } = context
    await using shared = openFleetTokens(() => loadSetup(values, context), context)
    const { tokens } = shared
    const verified = await verifyConnections(connections, names, {
      env,
      timeoutMs,
      tokens,
      envelope,
      rules,
    })
    const { terminal } = setup
    const soonDays = leastDays ?? SOON_DAYS
    if (isAll && terminal.lists === 'tables') {
      terminal.table(verified.map((one) => rowOfVerified(one)))
    }
    for (const one of verified) {
      terminal.show({ ...one }, () => {
        if (!isAll || !isFit(one, soonDays)) drawVerified(one, terminal, soonDays)
      })
    }
    return verified.every((one) => isFit(one, leastDays)) ? EXIT.ok : EXIT.checkFailed
  },
}

/** How long ours or a pinned one lasts keeps no mail from flowing, and counts when it was asked for. */
function isFit(verified: Verified, leastDays?: number): boolean {
  const { ok, certificateDaysLeft = Infinity, clientCertificateDaysLeft = Infinity } = verified
  if (leastDays === undefined) return ok && (certificateDaysLeft >= 0 || isPinnedExpired(verified))
  return ok && Math.min(certificateDaysLeft, clientCertificateDaysLeft) >= leastDays
}

function parseEnvelope(
  from: string | undefined,
  to: readonly string[] = [],
): TriedEnvelope | undefined {
  if (from !== undefined) {
    return { from: parseAddress('--from', from), to: to.map((text) => parseAddress('--to', text)) }
  }
  if (to.length === 0) return undefined
  throw new UsageError(`${COMMAND} expects --from beside --to`)
}

function parseAddress(option: string, text: string): string {
  const parsed = parseMailbox(text)
  if (parsed.kind === 'mailbox') return toEnvelopeAddress(parsed.mailbox)
  throw new UsageError(`${COMMAND} expects an address after ${option}: ${parsed.reason}`)
}

function parseDays(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^\d{1,4}$/.test(text)) {
    throw new UsageError(
      `${COMMAND} expects a number of days after --certificate-days, got ${JSON.stringify(text)}`,
    )
  }
  return Number(text)
}
