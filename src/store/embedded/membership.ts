import { realpath } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

import { Client } from 'pg'

import { NO_ENVIRONMENT } from '../postgres-parameters.ts'
import { type Place, readSecret } from './directory.ts'
import { hasEnded, type Postmaster, readPostmaster } from './postmaster.ts'

/** How to connect to an embedded server; the password must not be printed. */
export interface EmbeddedConnection {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
}

/** The mark of one user: a session that holds the users' lock and ends with its process. */
export interface Membership {
  readonly connection: EmbeddedConnection
  /** Resolves when the session has ended, for whatever reason. */
  readonly ended: Promise<void>
  /** Gives the mark back; the last user stops the server. Answers whether it did. */
  leave(): Promise<boolean>
}

/** Every user holds the first together with the others; the second is for making the database. */
const USERS_LOCK = 0x6d61_696c
const CREATION_LOCK = 0x6d61_696d
const DATABASE = 'mailroom'

/** Joins the users of a running server. Rejects when it is going down or is not the one meant. */
export async function join(place: Place, { pid, port }: Postmaster): Promise<Membership> {
  const password = await readSecret(place)
  const connection = { host: '127.0.0.1', port, user: 'postgres', password }
  const client = new Client({
    ...NO_ENVIRONMENT,
    ...connection,
    database: 'postgres',
    connectionTimeoutMillis: 5000,
    keepAlive: true,
    application_name: 'mailroom user',
  })
  const ended = new Promise<void>((resolve) => client.once('end', resolve))
  client.on('error', () => undefined) // `ended` tells
  try {
    await client.connect()
    await checkIdentity(client, place)
    // Whoever leaves last holds the lock only until the server is down: never wait for it long.
    await client.query(`set lock_timeout = '5s'`)
    await client.query('select pg_advisory_lock_shared($1)', [USERS_LOCK])
    await createDatabase(client)
  } catch (error) {
    await client.end().catch(() => undefined)
    throw error
  }
  return {
    connection: { ...connection, database: DATABASE },
    ended,
    leave: () => leave(place, client, pid),
  }
}

/** A port may have passed to a server that is not ours. */
async function checkIdentity(client: Client, { data }: Place): Promise<void> {
  const { rows } = await client.query<{ folder: string }>(
    `select current_setting('data_directory') as folder`,
  )
  const folder = await realpath(rows[0]?.folder ?? '').catch(() => '')
  if (folder !== data) throw new Error('a server of another directory has the port')
}

async function createDatabase(client: Client): Promise<void> {
  const exists = async (): Promise<boolean> => {
    const found = await client.query('select from pg_database where datname = $1', [DATABASE])
    return found.rowCount !== 0
  }
  if (await exists()) return
  await client.query('select pg_advisory_lock($1)', [CREATION_LOCK])
  if (!(await exists())) await client.query(`create database ${DATABASE}`)
  await client.query('select pg_advisory_unlock($1)', [CREATION_LOCK])
}

async function leave(place: Place, client: Client, pid: number): Promise<boolean> {
  let isLast = false
  try {
    await client.query('select pg_advisory_unlock_shared($1)', [USERS_LOCK])
    const { rows } = await client.query<{ got: boolean }>(
      'select pg_try_advisory_lock($1) as got',
      [USERS_LOCK],
    )
    const running = await readPostmaster(place)
    // One that is stopping already was stopped by somebody else, whose lock it has just dropped.
    if (rows[0]?.got === true && running?.pid === pid && running.isReady) {
      // A newcomer waits for the lock meanwhile, is thrown out by the stop, and starts anew.
      process.kill(pid, 'SIGINT')
      isLast = true
    }
  } catch {
    // The server went away by itself.
  }
  // Whoever stops the server keeps the lock as long as there is one.
  if (isLast) await untilEnded(pid)
  await client.end().catch(() => undefined)
  return isLast
}

/** The lock file goes some milliseconds before the process does. */
async function untilEnded(pid: number): Promise<void> {
  const deadline = Date.now() + 10_000
  while (Date.now() < deadline && !(await hasEnded(pid))) await sleep(10)
}
