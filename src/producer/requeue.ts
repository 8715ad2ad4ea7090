import type { ConnectionManager } from '../connections/connection-manager.ts'
import type { Connections } from '../connections/connections.ts'
import type { MessageRecord, RecipientRecord } from '../ledger/ledger.ts'
import type { Timeline } from '../ledger/timeline.ts'
import { judgeAgain } from '../smtp/judge-again.ts'
import type { UserRule } from '../smtp/rules/user-rule.ts'
import type { JudgeContext, Verdict } from '../smtp/verdict.ts'
import type { OpenDesk } from './desk.ts'
import { retry, type Retried } from './retry.ts'

/** Which refused messages to look at again. */
export interface RequeueOptions {
  /** Those that this rule refused; a star at its end stands for any rest. All by default. */
  readonly rule?: string | undefined
  readonly connection?: string | undefined
  /** Those that were refused since then. */
  readonly since?: Date | undefined
  /** At most so many are put back; no limit by default. */
  readonly limit?: number | undefined
  /** Only counts. */
  readonly dryRun?: boolean | undefined
  /** Ends it between two messages; what was put back stays so. */
  readonly signal?: AbortSignal | undefined
  /** Hears of each message that is judged otherwise. */
  readonly onMessage?: ((message: Requeued) => void) | undefined
}

/** A message that would not be refused today. */
export interface Requeued {
  readonly id: string
  readonly connection: string
  /** The rule that refused it. */
  readonly before: string | undefined
  /** The rule that decides today, and what it says of the message. */
  readonly rule: string
  readonly message: Verdict['message']
  /** What became of it; absent when it was only counted. */
  readonly answer?: Retried
}

export interface RequeueResult {
  /** Refused messages that the options select. */
  readonly examined: number
  /** Of these, those that would not be refused today. */
  readonly otherwise: number
  /** Of these, those that wait in the queue again. */
  readonly requeued: number
  /** Whether there may be more, because of the limit or the signal. */
  readonly isPartial: boolean
}

/** What decides about replies today. */
export interface Judging {
  readonly connections: Connections
  readonly rules: readonly UserRule[]
}

const PAGE = 100
/** So many are put back at once; each is a transaction of its own. */
const AT_ONCE = 8

/**
 * Judges refused messages by the rules of today, and puts back into the queue those that would not
 * be refused. Whoever calls it again after an interruption goes on: what waits is refused no more.
 */
export async function requeue(
  options: RequeueOptions,
  judging: Judging,
  desk: Pick<OpenDesk, 'store' | 'ledger' | 'queues'>,
): Promise<RequeueResult> {
  const { limit = Infinity, dryRun = false, signal, onMessage = () => {} } = options
  // What is refused again meanwhile is not put back for ever.
  const until = new Date(await desk.store.nowMs())
  let examined = 0
  let otherwise = 0
  let requeued = 0
  for await (const records of pages(options, desk)) {
    const selected = records.filter((record) => isSelected(record, options, until))
    examined += selected.length
    const judged = selected.map((record) => judgedOtherwise(record, options, judging, desk))
    const found = (await Promise.all(judged)).filter((one) => one !== undefined)
    let at = 0
    while (at < found.length) {
      const some = found.slice(at, Math.min(at + AT_ONCE, at + limit - otherwise))
      if (signal?.aborted === true || some.length === 0) {
        return { examined, otherwise, requeued, isPartial: true }
      }
      at += some.length
      otherwise += some.length
      const answers = await Promise.all(
        some.map(async (one) => (dryRun ? one : { ...one, answer: await retry(one.id, {}, desk) })),
      )
      for (const one of answers) {
        if ('answer' in one && one.answer?.kind === 'retried') requeued += 1
        onMessage(one)
      }
    }
  }
  return { examined, otherwise, requeued, isPartial: signal?.aborted === true }
}

/** Refused messages, one bounded page in memory. */
async function* pages(
  { connection, signal }: RequeueOptions,
  { ledger }: Pick<OpenDesk, 'ledger'>,
): AsyncGenerator<readonly MessageRecord[], void, undefined> {
  let cursor: string | undefined
  do {
    if (signal?.aborted === true) return
    const page = await ledger.list({
      state: 'refused',
      limit: PAGE,
      ...(connection !== undefined && { connection }),
      ...(cursor !== undefined && { cursor }),
    })
    yield page.records
    cursor = page.cursor
  } while (cursor !== undefined)
}

function isSelected(record: MessageRecord, options: RequeueOptions, until: Date): boolean {
  const { since } = options
  const isRecent = since === undefined || record.updatedAt >= since
  return isRecent && record.updatedAt < until && refusedBy(record, options).length > 0
}

function refusedBy(
  { recipients }: MessageRecord,
  { rule }: RequeueOptions,
): readonly RecipientRecord[] {
  const refused = recipients.filter(({ state }) => state === 'refused')
  if (rule === undefined) return refused
  const isMeant = rule.endsWith('*')
    ? (id: string) => id.startsWith(rule.slice(0, -1))
    : (id: string) => id === rule
  return refused.filter((recipient) => recipient.rule !== undefined && isMeant(recipient.rule))
}

async function judgedOtherwise(
  record: MessageRecord,
  options: RequeueOptions,
  { connections, rules }: Judging,
  { ledger }: Pick<OpenDesk, 'ledger'>,
): Promise<Requeued | undefined> {
  const { id, connection } = record
  const managers = connections.has(connection) ? connections.members(connection) : []
  const timeline = managers.length > 1 ? await ledger.history(id) : undefined
  for (const recipient of refusedBy(record, options)) {
    const context = contextOf(connection, managers, timeline, recipient.rule)
    const verdict = judgeAgain(recipient, { ...context, rules })
    if (verdict !== undefined && verdict.message !== 'refuse') {
      const { rule, message } = verdict
      return { id, connection, before: recipient.rule, rule, message }
    }
  }
  return undefined
}

/**
 * Whose reply it was. Which member of a group said it is told by the history alone; where that is
 * gone, or the member has left, what all members have in common counts.
 */
function contextOf(
  connection: string,
  managers: readonly ConnectionManager[],
  timeline: Timeline | undefined,
  rule: string | undefined,
): Omit<JudgeContext, 'rules'> {
  const attempts = timeline?.entries.filter((entry) => entry.kind === 'attempt') ?? []
  const said = attempts.findLast((attempt) => attempt.rule === rule)?.manager
  const member = managers.find(({ name }) => name === said)
  if (member !== undefined) return { connection: member.name, provider: member.provider }
  const [first] = managers
  const isCommon = managers.every(({ provider }) => provider === first?.provider)
  return { connection, provider: isCommon ? first?.provider : undefined }
}
