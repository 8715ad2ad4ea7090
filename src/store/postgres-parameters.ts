import { userInfo } from 'node:os'

import type { ClientConfig } from 'pg'

import { InvalidStoreLocationError } from './errors.ts'
import { describePostgresLocation } from './postgres-location.ts'
import type { PostgresLocation } from './postgres-location.ts'
import { readTlsOptions } from './tls-parameters.ts'

/**
 * Keeps `pg` from reading `PGSSLMODE`, `PGOPTIONS` and the like from the environment, which it does
 * for everything that is absent or empty. To be overridden by what a client needs.
 */
export const NO_ENVIRONMENT = {
  ssl: false,
  sslnegotiation: 'postgres',
  options: ' ',
  client_encoding: 'UTF8',
  replication: 'false',
} as const

/**
 * What `pg` is told about a location, each fact in a field of its own: given a URL, it would have
 * its parameters override what we decided. Reads the files of TLS, so that exchanged ones count.
 *
 * Throws `StoreTlsError`, and `InvalidStoreLocationError` when there is no user.
 */
export async function readPostgresParameters(at: PostgresLocation): Promise<ClientConfig> {
  const { host, port, password, options, applicationName, tls } = at
  const user = at.user === '' ? ownName() : at.user
  return {
    ...NO_ENVIRONMENT,
    host,
    port,
    user,
    // An empty text would have `PGPASSWORD` and a `.pgpass` asked.
    password: () => password,
    database: at.database === '' ? user : at.database,
    ssl: (await readTlsOptions(tls, describePostgresLocation(at))) ?? false,
    ...(options !== '' && { options }),
    ...(applicationName !== '' && { application_name: applicationName }),
  }
}

function ownName(): string {
  try {
    return userInfo().username
  } catch {
    // A process in a container may run as a number that has no name.
    throw new InvalidStoreLocationError('"postgres://" without a user')
  }
}
