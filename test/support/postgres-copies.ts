import type { Client } from 'pg'
import { afterAll, beforeAll, beforeEach } from 'vitest'

import type { SharedPostgres } from './postgres.ts'
import { inDatabase, SCHEMA, TEMPLATES } from './postgres-template.ts'
import { connectPostgres } from './postgres-users.ts'
import { uniquePrefix } from './redis.ts'

/** A migrated database of one test, as the user who may only use it. */
export interface PostgresCopy {
  readonly queue: string
  readonly schema: string
}

/** Has databases for the tests of a file at hand before each of them, and drops them in the end. */
export function copiesOf({ user, superuser }: SharedPostgres): () => PostgresCopy {
  const stock = new Map<string, string>()
  const made: string[] = []
  let client: Client
  beforeAll(async () => {
    client = await connectPostgres(superuser)
    await client.query(`set file_copy_method = 'clone'`)
  })
  beforeEach(async () => {
    for (const template of TEMPLATES.filter((name) => !stock.has(name))) {
      const name = `t_${uniquePrefix().replaceAll(/\W/g, '')}`
      await client.query(`create database ${name} template ${template} strategy file_copy`)
      stock.set(template, name)
      made.push(name)
    }
  })
  afterAll(async () => {
    for (const name of made) await client.query(`drop database ${name} with (force)`)
    await client.end()
  })
  return () => {
    const [[template, name] = []] = stock
    if (template === undefined || name === undefined) {
      throw new Error(`a test has ${TEMPLATES.length} places at most`)
    }
    stock.delete(template)
    return { queue: inDatabase(user, name), schema: SCHEMA }
  }
}
