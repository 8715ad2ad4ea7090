import { createHash } from 'node:crypto'

import type { Redis } from 'ioredis'

import { LedgerUnreadableError, RecordUnreadableError } from '../errors.ts'

/** What a script of the ledger answers. */
export type Answer = string | number | readonly (string | number)[]

/** A Lua script and the digest by which Redis knows it. */
export interface Script {
  readonly lua: string
  readonly sha: string
}

/** Makes a script of its text. */
export function createScript(lua: string): Script {
  return { lua, sha: createHash('sha1').update(lua).digest('hex') }
}

/** Runs a script atomically; one that the server does not know (restart, failover) is sent whole. */
export async function runScript(
  client: Redis,
  { sha, lua }: Script,
  keys: readonly string[],
  values: readonly (string | number)[],
): Promise<Answer> {
  let answer: unknown
  try {
    answer = await client.evalsha(sha, keys.length, ...keys, ...values)
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
    answer = await client.eval(lua, keys.length, ...keys, ...values)
  }
  if (!isAnswer(answer)) throw new LedgerUnreadableError('the answer of a script')
  return answer
}

/**
 * As `runScript`, for a script about one message: a record on which it cannot work is a
 * `RecordUnreadableError`. A script that fails so has written nothing before.
 */
export async function decide(
  client: Redis,
  script: Script,
  id: string,
  keys: readonly string[],
  values: readonly (string | number)[],
): Promise<Answer> {
  try {
    return await runScript(client, script, keys, values)
  } catch (error) {
    const said = error instanceof Error ? error.message : ''
    if (!/WRONGTYPE|UNREADABLE|user_script:\d+: (?!-)/.test(said)) throw error
    throw new RecordUnreadableError(id, 'a record of this version', { cause: error })
  }
}

function isAnswer(answer: unknown): answer is Answer {
  return typeof answer === 'string' || typeof answer === 'number' || Array.isArray(answer)
}
