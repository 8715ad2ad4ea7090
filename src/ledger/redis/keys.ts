/**
 * Where the ledger keeps what on Redis.
 *
 * | key | type | content |
 * |---|---|---|
 * | `PREFIX-ledger:ID` | hash | one message, see the fields below |
 * | `PREFIX-held:STATE` | sorted set | ids held as `uncertain`, `refused` or `expired`, by the millisecond since when |
 * | `PREFIX-held:STATE:NAME` | sorted set | the same of one connection |
 * | `PREFIX-held:planned` | sorted set | ids whose uncertain recipients have a plan, by the millisecond when it is due |
 * | `PREFIX-history:ID` | list | what happened to that message, oldest first (`entry.ts`), each behind its millisecond |
 * | `PREFIX-histories:since` | sorted set | ids that have a history, by the millisecond of its oldest entry |
 * | `PREFIX-histories:bytes` | hash | the bytes of each history, and of all of them under no id |
 * | `PREFIX-newest:KEY` | string | the id of the newest message with that `supersedes`, until twice the retention after it was recorded, claimed or rescheduled last |
 * | `PREFIX-outbox:jobs` | hash | jobs, as JSON, that were recorded and are not yet known to be in their queue |
 * | `PREFIX-outbox:since` | sorted set | their ids by the millisecond of their record |
 *
 * The dash keeps them apart from the queues, whose keys begin with `PREFIX:NAME:`.
 *
 * Scripts of the usual path touch the message's key only. Those that may hold a message, or let
 * one go, keep the sorted sets in the same script: an index that is written apart would miss a
 * message, or count it for ever, when a process dies between the two. Its price is that all keys
 * are in one slot of a Redis Cluster: the prefix is a hash tag there (`{mailroom}`). Queues lie
 * elsewhere, each in a slot of its own.
 *
 * | field | content |
 * |---|---|
 * | `c` `m` `d` | connection, Message-ID (from its `@` on when it begins with the id), digest |
 * | `r` `p` | recipients, one per line; their standing, one letter each (`standing.ts`) |
 * | `s` `f` | state; fence, absent until the first claim |
 * | `t` `u` `x` | recorded, updated, next attempt, in milliseconds |
 * | `k` `n` `w` | attempts; claims in a row and the worker of the last one |
 * | `b` | attempts in a row on which the session broke; absent when there are none |
 * | `g` `i` `z` | dot mark: until when, in milliseconds, the indices of its recipients, and what becomes of them without an answer (`uncertain.ts`) |
 * | `q` `a` `o` | the plan for uncertain recipients: when it is due, in milliseconds, its way (or `h` alone: somebody holds them), and how often in a row they were resent |
 * | `l` `j0` `j1` … | last judgement; that of each recipient (`judgement.ts`), which a delivered message's only one shares |
 * | `h` `e` | how a message ended that has no more history (`brief.ts`: then neither `l` nor `k`); how many entries its history ever had |
 * | `T` `K` | the time to which it was rescheduled, in milliseconds; its `supersedes` |
 * | `M` | the connection manager of the last claim, when it is called otherwise than `c` |
 * | `H` | the spans in which it was held as uncertain and did not age, as `FROM-TO,…` in milliseconds, twenty at most |
 * | `v` | the version of a newer Mailroom whose records this one cannot read |
 * | `y0` `y1` … | the fence whose mark made this recipient uncertain |
 *
 * Values of up to 64 bytes keep a hash in Redis' compact form: names are short for that reason,
 * and a delivered message has no more fields than it needs.
 */
export interface RedisKeys {
  record(id: string): string
  /** Begins the keys of held messages. */
  readonly held: string
  heldAs(state: string, connection?: string): string
  /** The history of one message, and what all histories share. */
  history(id: string): readonly [list: string, since: string, bytes: string]
  /** Begins the keys of histories. */
  readonly histories: string
  /** Where copies of jobs wait: the jobs, and since when. */
  readonly outbox: readonly [jobs: string, since: string]
  /** The newest message with a `supersedes`. */
  newest(key: string): string
  /** Matches every key of a record. */
  readonly everyRecord: string
}

/** The ledger's keys under a store's prefix. */
export function createKeys(prefix: string): RedisKeys {
  const held = `${prefix}-held:`
  const histories = `${prefix}-history:`
  const [since, bytes] = [`${prefix}-histories:since`, `${prefix}-histories:bytes`]
  return {
    record: (id) => `${prefix}-ledger:${id}`,
    held,
    histories,
    history: (id) => [`${histories}${id}`, since, bytes],
    newest: (key) => `${prefix}-newest:${key}`,
    outbox: [`${prefix}-outbox:jobs`, `${prefix}-outbox:since`],
    everyRecord: `${prefix.replaceAll(/[\\*?[\]]/g, '\\$&')}-ledger:*`,
    heldAs: (state, connection) =>
      connection === undefined ? `${held}${state}` : `${held}${state}:${connection}`,
  }
}
