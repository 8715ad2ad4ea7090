import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { Client } from 'pg'

import { parseLocation } from '../../src/store/location.ts'
import { readPostgresParameters } from '../../src/store/postgres-parameters.ts'

const PAGE = join(import.meta.dirname, '../../docs/stores.md')

/** Makes the database and its users with the statements that `docs/stores.md` gives to its readers. */
export async function createUsers(
  superuser: string,
  owner: string,
  password: string,
): Promise<void> {
  const page = await readFile(PAGE, 'utf8')
  const [bySuperuser = '', byOwner = ''] = [...page.matchAll(/```sql\n(.*?)```/gs)].map(
    ([, block = '']) => block.replaceAll('CHANGE-ME', password),
  )
  await execute(superuser, bySuperuser)
  await execute(owner, byOwner)
}

/** A connection of the test's own, with the TLS that the location asks for. */
export async function connectPostgres(location: string): Promise<Client> {
  const at = parseLocation(location)
  if (at.kind !== 'postgres') throw new Error('expected the location of a Postgres')
  const parameters = await readPostgresParameters(at)
  for (let tries = 1; ; tries += 1) {
    const client = new Client(parameters)
    client.on('error', () => undefined)
    try {
      await client.connect()
      return client
    } catch (error) {
      await client.end().catch(() => undefined)
      // Its port is open before the server is ready.
      if (tries === 500 || !isStarting(error)) throw error
      await sleep(20)
    }
  }
}

/** One by one: a database is not created in a transaction. */
async function execute(location: string, statements: string): Promise<void> {
  const client = await connectPostgres(location)
  try {
    for (const statement of statements.split(';')) {
      if (statement.trim() !== '') await client.query(statement)
    }
  } finally {
    await client.end()
  }
}

function isStarting(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '57P03'
}
