import type { ContentRef } from '../job/content-ref.ts'
import type { SharedPool } from '../store/shared-pool.ts'
import type { PostgresStore } from '../store/store.ts'
import type { ContentLimits, ContentOwner, ContentSource, ContentStore } from './content.ts'
import { ContentMissingError, ContentStoreFullError, ContentTooLargeError } from './errors.ts'
import { planContent, prepareContent } from './postgres-tables.ts'
import { piecesOf } from './pieces.ts'

/** Content as rows of 256 KiB in Postgres; what decides is one function call (`postgres-tables.ts`). */
export function createPostgresContent(store: PostgresStore, limits: ContentLimits): ContentStore {
  const { pool } = store
  pool.prepare(
    (client) => prepareContent(client, store),
    (client) => planContent(client, store),
  )
  return {
    // What is kept is kept whatever becomes of a transaction around the call: a sweeper removes it.
    put: (source, owner) => pool.outside(() => put(pool, limits, source, owner)),
    open: (ref) => open(pool, ref),
    release: async (id, digest) => {
      await pool.query('select content_release($1, $2)', [id, digest ?? null])
    },
    sweep: (isNeeded) => sweep(pool, limits.graceMs, isNeeded),
  }
}

async function put(
  pool: SharedPool,
  { maxBytes, totalBytes }: ContentLimits,
  source: ContentSource,
  { id, digest }: ContentOwner,
): Promise<void> {
  const { ref } = source
  if (ref.bytes > maxBytes) throw new ContentTooLargeError(ref.bytes, maxBytes)
  const limit = totalBytes === Infinity ? null : totalBytes
  const { rows } = await pool.query<{ held: string }>(
    'select content_hold($1, $2, $3, $4, $5) as held',
    [ref.sha256, ref.bytes, id, digest, limit],
  )
  const [{ held } = { held: 'full' }] = rows
  if (held === 'full') throw new ContentStoreFullError(ref.bytes, totalBytes)
  if (held === 'whole') return
  let piece = 0
  for await (const part of piecesOf(source)) {
    await pool.query(
      `insert into content_piece (sha256, piece, bytes) values ($1, $2, $3)
       on conflict (sha256, piece) do update set bytes = excluded.bytes`,
      [ref.sha256, piece++, part],
    )
  }
  const { rowCount } = await pool.query(
    `update content set is_whole = true where sha256 = $1
       and exists (select from content_owner o where o.sha256 = $1 and o.id = $2 and o.digest = $3)`,
    [ref.sha256, id, digest],
  )
  if (rowCount !== 1) throw new ContentMissingError(ref)
}

async function* open(pool: SharedPool, ref: ContentRef): AsyncGenerator<Buffer> {
  const { rows } = await pool.query<{ pieces: number }>(
    `select (select count(*)::int from content_piece p where p.sha256 = c.sha256) as pieces
     from content c where sha256 = $1 and is_whole`,
    [ref.sha256],
  )
  const [found] = rows
  if (found === undefined) throw new ContentMissingError(ref)
  for (let piece = 0; piece < found.pieces; piece++) {
    const read = await pool.query<{ bytes: Buffer }>(
      'select bytes from content_piece where sha256 = $1 and piece = $2',
      [ref.sha256, piece],
    )
    const [part] = read.rows
    if (part === undefined) throw new ContentMissingError(ref)
    yield part.bytes
  }
}

async function sweep(
  pool: SharedPool,
  graceMs: number,
  isNeeded: (id: string) => Promise<boolean>,
): Promise<number> {
  let gone = 0
  for (let after = ''; ;) {
    const { rows } = await pool.query<{ id: string; digests: string[] }>(
      `select id, array_agg(distinct digest) as digests from content_owner
       where id > $1 and put_at < clock_timestamp() - $2 * interval '1 millisecond'
       group by id order by id limit 100`,
      [after, graceMs],
    )
    for (const { id, digests } of rows) {
      if (await isNeeded(id)) continue
      for (const digest of digests) {
        const released = await pool.query<{ gone: number }>(
          'select content_release($1, $2) as gone',
          [id, digest],
        )
        gone += released.rows[0]?.gone ?? 0
      }
    }
    const last = rows.at(-1)
    if (last === undefined) return gone
    after = last.id
  }
}
