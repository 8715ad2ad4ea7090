import type { SharedPool } from '../../store/shared-pool.ts'
import { ok, problem, warning, type Check } from './check.ts'

interface Facts {
  readonly version: string
  readonly fsync: string
  readonly synchronous: string
  readonly autovacuum: string
  readonly size: string
  readonly used: number
  readonly most: number
}

const FACTS = `
select current_setting('server_version') as version,
  current_setting('fsync') as fsync,
  current_setting('synchronous_commit') as synchronous,
  current_setting('autovacuum') as autovacuum,
  pg_size_pretty(pg_database_size(current_database())) as size,
  (select count(*)::int from pg_stat_activity where backend_type = 'client backend') as used,
  current_setting('max_connections')::int as most`

const NEARLY_ALL = 0.8

/** Looks at the settings of a Postgres whose tables are up to date. */
export async function checkPostgres(pool: Pick<SharedPool, 'query'>): Promise<readonly Check[]> {
  const { rows } = await pool.query<Facts>(FACTS)
  const [facts] = rows
  return facts === undefined ? [] : judgePostgres(facts)
}

function judgePostgres({ version, size, used, most, ...settings }: Facts): readonly Check[] {
  const connections = `${used} of ${most} are open`
  return [
    ok('store: version', `Postgres ${version}`),
    ok('store: tables', 'up to date'),
    ...checkSafety(settings),
    settings.autovacuum === 'on'
      ? ok('store: autovacuum', 'on')
      : warning('store: autovacuum', 'off', 'turn it on: queues leave many dead rows behind'),
    ok('store: size', size),
    used / most < NEARLY_ALL
      ? ok('store: connections', connections)
      : warning('store: connections', connections, 'raise "max_connections", or use fewer workers'),
  ]
}

function checkSafety({
  fsync,
  synchronous,
}: Pick<Facts, 'fsync' | 'synchronous'>): readonly Check[] {
  const check = 'store: keeps mail'
  if (fsync !== 'on') return [problem(check, '"fsync" is off', 'turn it on')]
  if (synchronous !== 'off') return [ok(check, 'every commit is written to the disk')]
  const advice = 'turn it on: a crash of the server may forget what it acknowledged'
  return [problem(check, '"synchronous_commit" is off', advice)]
}
