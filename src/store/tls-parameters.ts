import { readFile } from 'node:fs/promises'
import type { ConnectionOptions } from 'node:tls'

import { InvalidStoreLocationError, StoreTlsError } from './errors.ts'

/**
 * How much the server has to prove: `none` speaks no TLS, `encrypted` asks for no proof,
 * `verify-ca` for a certificate of a trusted authority, `verify-full` also for the server's name.
 */
export type TlsMode = 'none' | 'encrypted' | 'verify-ca' | 'verify-full'

/**
 * What a location says about TLS, in the words of Postgres. Its files are read when a store is
 * opened, and on Postgres again after a lost connection.
 */
export interface TlsParameters {
  readonly mode: TlsMode
  /** The file with the authorities that are trusted instead of the built-in ones. */
  readonly rootCertificate?: string
  /** The files of our own certificate and its key, for servers that ask for one. */
  readonly certificate?: string
  readonly key?: string
}

const MODES: ReadonlyMap<string, TlsMode> = new Map(
  Object.entries({
    disable: 'none',
    require: 'encrypted',
    'verify-ca': 'verify-ca',
    'verify-full': 'verify-full',
  } as const),
)

/** The parameters of a location that are about TLS. */
export const TLS_PARAMETERS = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey'] as const

/**
 * Reads `sslmode`, `sslrootcert`, `sslcert` and `sslkey`; without the first, `fallback` holds. With
 * `sslrootcert`, `require` is `verify-ca`, as Postgres has it. Throws `InvalidStoreLocationError`.
 */
export function parseTlsParameters(query: URLSearchParams, fallback: TlsMode): TlsParameters {
  const [text, root, certificate, key] = TLS_PARAMETERS.map((name) => parameterOf(query, name))
  const asked = text === undefined ? fallback : MODES.get(text)
  if (asked === undefined) {
    throw new InvalidStoreLocationError(
      `one whose "sslmode" is none of ${[...MODES.keys()].join(', ')}`,
    )
  }
  if ((certificate === undefined) !== (key === undefined)) {
    throw new InvalidStoreLocationError('one with "sslcert" or "sslkey", which belong together')
  }
  if (asked === 'none' && (root ?? certificate) !== undefined) {
    throw new InvalidStoreLocationError('one with certificates and without "sslmode"')
  }
  if (asked === 'verify-ca' && root === undefined) {
    throw new InvalidStoreLocationError('one with "sslmode=verify-ca" and without "sslrootcert"')
  }
  return {
    mode: asked === 'encrypted' && root !== undefined ? 'verify-ca' : asked,
    ...(root !== undefined && root !== 'system' && { rootCertificate: root }),
    ...(certificate !== undefined && { certificate }),
    ...(key !== undefined && { key }),
  }
}

/** An empty one, such as that of a variable that is not set, must not mean no TLS. */
function parameterOf(query: URLSearchParams, name: string): string | undefined {
  const text = query.get(name) ?? undefined
  if (text === '') throw new InvalidStoreLocationError(`one whose "${name}" is empty`)
  return text
}

/**
 * What Node is told; undefined without TLS. Reads the files, so that exchanged ones take effect.
 *
 * Throws `StoreTlsError` for a file that cannot be read.
 */
export async function readTlsOptions(
  { mode, rootCertificate, certificate, key }: TlsParameters,
  location: string,
): Promise<ConnectionOptions | undefined> {
  if (mode === 'none') return undefined
  const read = async (name: string, file: string | undefined): Promise<string | undefined> => {
    if (file === undefined) return undefined
    try {
      return await readFile(file, 'utf8')
    } catch (cause) {
      throw new StoreTlsError(location, `the file of "${name}" cannot be read`, { cause })
    }
  }
  const [ca, cert, ownKey] = await Promise.all([
    read('sslrootcert', rootCertificate),
    read('sslcert', certificate),
    read('sslkey', key),
  ])
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(ownKey !== undefined && { key: ownKey }),
    ...(mode === 'encrypted' && { rejectUnauthorized: false }),
    ...(mode === 'verify-ca' && { checkServerIdentity: () => undefined }),
  }
}
