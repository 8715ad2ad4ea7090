import type { PostgresStore, RedisStore, Store } from '../store/store.ts'

/** Tasks that one member of the fleet does at a time. A turn ends by itself when its holder dies. */
export interface Turns {
  /** Takes or prolongs the turn for `forMs`, by the store's clock; false while another holds it. */
  take(task: string, holder: string, forMs: number): Promise<boolean>
  /** Gives the turn back; a no-op for somebody else's. */
  giveBack(task: string, holder: string): Promise<void>
}

/** Opens the turns of a store. On Postgres they need the tables that the registry prepares. */
export function openTurns(store: Store): Turns {
  return store.kind === 'redis' ? onRedis(store) : onPostgres(store)
}

const TAKE = `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
`

const GIVE_BACK = `
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
`

function onRedis({ client, prefix }: RedisStore): Turns {
  const keyOf = (task: string): string => `${prefix}-turn:${task}`
  return {
    take: async (task, holder, forMs) =>
      (await client.eval(TAKE, 1, keyOf(task), holder, Math.ceil(forMs))) === 1,
    giveBack: async (task, holder) => void (await client.eval(GIVE_BACK, 1, keyOf(task), holder)),
  }
}

function onPostgres({ pool }: PostgresStore): Turns {
  return {
    async take(task, holder, forMs) {
      const { rowCount } = await pool.query(
        `insert into fleet_turn as t (task, holder, until)
           values ($1, $2, clock_timestamp() + $3 * interval '1 millisecond')
         on conflict (task) do update set holder = excluded.holder, until = excluded.until
           where t.holder = excluded.holder or t.until < clock_timestamp()`,
        [task, holder, forMs],
      )
      return rowCount === 1
    },
    async giveBack(task, holder) {
      await pool.query('delete from fleet_turn where task = $1 and holder = $2', [task, holder])
    },
  }
}
