import { judgeRedisSafety } from '../../store/redis-safety.ts'
import { ok, problem, warning, type Check } from './check.ts'

const NEARLY_FULL = 0.8

/** Judges the answer of a Redis or Valkey to `INFO`. */
export function checkRedis(info: string): readonly Check[] {
  const facts = new Map(info.split(/\r?\n/).map((line) => pairOf(line)))
  return [checkVersion(facts), ...checkSafety(info), ...checkWrites(facts), checkMemory(facts)]
}

type Facts = ReadonlyMap<string, string>

function pairOf(line: string): readonly [string, string] {
  const at = line.indexOf(':')
  return [line.slice(0, at), line.slice(at + 1)]
}

/** What Redis has for commands that the queue uses. */
const OLDEST = [6, 2] as const

function checkVersion(facts: Facts): Check {
  const valkey = facts.get('valkey_version')
  const version = valkey ?? facts.get('redis_version') ?? 'unknown'
  const detail = `${valkey === undefined ? 'Redis' : 'Valkey'} ${version}`
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const isOld = major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])
  if (valkey !== undefined || !isOld) return ok('store: version', detail)
  return problem('store: version', detail, `use ${OLDEST.join('.')} or newer`)
}

function checkSafety(info: string): readonly Check[] {
  const { problems, unknown } = judgeRedisSafety(info)
  const advice =
    'set it with CONFIG SET and in redis.conf: workers refuse a store that may lose mail'
  const found = problems.map((text) => problem('store: keeps mail', text, advice))
  const untold = unknown.map((setting) =>
    warning('store: keeps mail', `it does not tell "${setting}"`, 'ask who runs it'),
  )
  const all = [...found, ...untold]
  return all.length > 0 ? all : [ok('store: keeps mail', 'append-only file, no eviction')]
}

/** A disk that is full: what is acknowledged is no longer written; or slow: it is written later. */
function checkWrites(facts: Facts): readonly Check[] {
  const status = facts.get('aof_last_write_status')
  if (status !== undefined && status !== 'ok') {
    const detail = 'the last write of the append-only file failed'
    return [problem('store: disk', detail, 'free its disk')]
  }
  const delayed = Number(facts.get('aof_delayed_fsync') ?? 0)
  if (!(delayed > 0)) return []
  return [
    warning(
      'store: disk',
      `it was so slow that Redis put off its writes by two seconds, ${delayed} times since it started`,
      'a Redis that dies then loses them: use a faster disk, or "appendfsync always"',
    ),
  ]
}

function checkMemory(facts: Facts): Check {
  const used = Number(facts.get('used_memory') ?? NaN)
  const max = Number(facts.get('maxmemory') ?? NaN)
  const usedText = facts.get('used_memory_human') ?? 'unknown'
  if (!(max > 0)) return ok('store: memory', `${usedText} used, no limit`)
  const detail = `${usedText} of ${facts.get('maxmemory_human') ?? ''} used`
  if (used / max < NEARLY_FULL) return ok('store: memory', detail)
  const advice = 'raise "maxmemory": when it is full nothing is accepted any more'
  return used > max
    ? problem('store: memory', detail, 'raise "maxmemory": nothing is accepted any more')
    : warning('store: memory', detail, advice)
}
