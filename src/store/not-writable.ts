/** Why a store that answers takes no writes, and what to do about it. */
export interface NotWritable {
  readonly reason: string
  readonly advice: string
}

/** What Redis says of a command, or within what it says of a script. */
const REDIS: readonly (readonly [said: RegExp, what: NotWritable])[] = [
  [
    /READONLY You can't write/,
    {
      reason: 'it is a replica, which takes none',
      advice: 'let the location name the master, or its sentinels with "redis+sentinel://"',
    },
  ],
  [
    /NOREPLICAS /,
    {
      reason: 'fewer replicas keep up with it than "min-replicas-to-write" demands',
      advice: 'bring them back, or lower the setting',
    },
  ],
  [
    /OOM command not allowed/,
    {
      reason: 'its memory is full, as far as "maxmemory" goes',
      advice: 'raise "maxmemory", and see what else is kept there',
    },
  ],
  [
    /MISCONF /,
    {
      reason: 'it could not write to its disk the last time',
      advice: 'see its log, and whether the disk is full',
    },
  ],
]

/** SQLSTATE of Postgres. */
const POSTGRES: Readonly<Record<string, NotWritable>> = {
  '25006': {
    reason: 'it is read-only',
    advice:
      'let the location name the primary server and no standby, and see "default_transaction_read_only" of server, database and user',
  },
  '53100': { reason: 'its disk is full', advice: 'free or enlarge the disk' },
}

/** What `error` says of a store that cannot write at the moment; undefined for every other error. */
export function notWritableOf(error: Error): NotWritable | undefined {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (Object.hasOwn(POSTGRES, code)) return POSTGRES[code]
  return REDIS.find(([said]) => said.test(error.message))?.[1]
}
