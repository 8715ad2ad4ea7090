import { randomUUID } from 'node:crypto'

import type { ContentRef } from '../job/content-ref.ts'
import type { SharedPool } from '../store/shared-pool.ts'
import type { PostgresStore } from '../store/store.ts'
import type { ContentLimits, ContentOwner, ContentSource, ContentStore } from './content.ts'
import { ContentMissingError, ContentStoreFullError, ContentTooLargeError } from './errors.ts'
import { planContent, prepareContent } from './postgres-tables.ts'
import { pieceCount, piecesOf } from './pieces.ts'
import { isIntact } from './verify.ts'

/** How long an upload may last at least. */
const UPLOAD_MS = 3_600_000

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
    verify: (ref) => pool.outside(() => verify(pool, ref)),
    release: async (id, digest, which = 'all') => {
      await pool.query(
        `select content_release($1, $2, clock_timestamp() - $3 * interval '1 millisecond')`,
        [id, digest ?? null, which === 'old' ? limits.graceMs : null],
      )
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
  const upload = randomUUID()
  const { rows } = await pool.query<{ held: string }>(
    'select content_hold($1, $2, $3, $4, $5, $6) as held',
    [ref.sha256, ref.bytes, id, digest, limit, upload],
  )
  const [{ held } = { held: 'full' }] = rows
  if (held === 'full') throw new ContentStoreFullError(ref.bytes, totalBytes)
  if (held === 'whole') return
  try {
    await write(pool, source, upload)
    const { rows: ends } = await pool.query<{ isHeld: boolean }>(
      'select content_finish($1, $2, $3, $4) as "isHeld"',
      [ref.sha256, id, digest, upload],
    )
    if (ends[0]?.isHeld !== true) throw new ContentMissingError(ref)
  } catch (error) {
    // What cannot be taken away now is swept.
    await discard(pool, ref, upload).catch(() => undefined)
    throw error
  }
}

async function write(pool: SharedPool, source: ContentSource, upload: string): Promise<void> {
  let piece = 0
  for await (const part of piecesOf(source)) {
    await pool.query(
      'insert into content_piece (sha256, upload, piece, bytes) values ($1, $2, $3, $4)',
      [source.ref.sha256, upload, piece++, part],
    )
  }
}

async function discard(pool: SharedPool, { sha256 }: ContentRef, upload: string): Promise<void> {
  await pool.query('select content_discard($1, $2)', [sha256, upload])
}

async function* open(pool: SharedPool, ref: ContentRef): AsyncGenerator<Buffer> {
  const whole = await wholeOf(pool, ref)
  if (whole === undefined) throw new ContentMissingError(ref)
  yield* read(pool, ref, whole, pieceCount(ref.bytes))
}

/** The upload that all of it came with. */
async function wholeOf(pool: SharedPool, { sha256 }: ContentRef): Promise<string | undefined> {
  const { rows } = await pool.query<{ whole: string | null }>(
    'select whole from content where sha256 = $1',
    [sha256],
  )
  return rows[0]?.whole ?? undefined
}

async function* read(
  pool: SharedPool,
  ref: ContentRef,
  whole: string,
  pieces: number,
): AsyncGenerator<Buffer> {
  for (let piece = 0; piece < pieces; piece++) {
    const { rows } = await pool.query<{ bytes: Buffer }>(
      'select bytes from content_piece where sha256 = $1 and upload = $2 and piece = $3',
      [ref.sha256, whole, piece],
    )
    const [part] = rows
    if (part === undefined) throw new ContentMissingError(ref)
    yield part.bytes
  }
}

async function verify(pool: SharedPool, ref: ContentRef): Promise<void> {
  const whole = await wholeOf(pool, ref)
  if (whole === undefined) return
  const { rows } = await pool.query<{ pieces: number }>(
    'select count(*)::int as pieces from content_piece where sha256 = $1 and upload = $2',
    [ref.sha256, whole],
  )
  if (await isIntact(ref, read(pool, ref, whole, rows[0]?.pieces ?? 0))) return
  await pool.query('select content_drop($1, $2)', [ref.sha256, whole])
}

async function sweep(
  pool: SharedPool,
  graceMs: number,
  isNeeded: (id: string) => Promise<boolean>,
): Promise<number> {
  const { rows: stopped } = await pool.query<{ sha256: string; upload: string }>(
    `select sha256, upload from content_upload
     where begun_at < clock_timestamp() - $1 * interval '1 millisecond'`,
    [Math.max(graceMs, UPLOAD_MS)],
  )
  for (const { sha256, upload } of stopped) {
    await pool.query('select content_discard($1, $2)', [sha256, upload])
  }
  const times = await pool.query<{ until: string }>(
    `select (clock_timestamp() - $1 * interval '1 millisecond')::text as until`,
    [graceMs],
  )
  const until = times.rows[0]?.until
  let gone = 0
  for (let after = ''; ;) {
    const { rows } = await pool.query<{ id: string; digests: string[] }>(
      `select id, array_agg(distinct digest) as digests from content_owner
       where id > $1 and put_at <= $2::timestamptz
       group by id order by id limit 100`,
      [after, until],
    )
    for (const { id, digests } of rows) {
      if (await isNeeded(id)) continue
      for (const digest of digests) {
        const released = await pool.query<{ gone: number }>(
          'select content_release($1, $2, $3) as gone',
          [id, digest, until],
        )
        gone += released.rows[0]?.gone ?? 0
      }
    }
    const last = rows.at(-1)
    if (last === undefined) return gone
    after = last.id
  }
}
