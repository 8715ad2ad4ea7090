import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chown, mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'

import type { Account } from './account.ts'
import { type Binaries, PROGRAM_ENV } from './binaries.ts'
import { DRAFT, type Place, readVersion } from './directory.ts'
import { EmbeddedDirUnwritableError, EmbeddedStartError } from './errors.ts'

const run = promisify(execFile)

/** Younger drafts are somebody's work under way; whoever made an older one has died. */
const FRESH_MS = 2000
const STALE_MS = 120_000

/**
 * Creates the data unless somebody else does; look again afterwards.
 *
 * Everything, the password included, is prepared in a draft of our own and appears by one rename:
 * of all that try at once exactly one wins, and data and password always fit.
 */
export async function createCluster(
  place: Place,
  binaries: Binaries,
  account: Account | undefined,
): Promise<void> {
  const others = await sweepDrafts(place)
  if (others.length > 0) return
  let draft: string
  try {
    draft = await mkdtemp(path.join(place.directory, DRAFT))
  } catch (error) {
    throw new EmbeddedDirUnwritableError(place.directory, error)
  }
  try {
    // Of several that saw nobody at work, the first by name goes on.
    const [first] = (await sweepDrafts(place)).toSorted()
    if (first !== undefined && first !== path.basename(draft)) return
    const data = await prepareData(draft, place, binaries, account)
    await rename(data, place.data)
  } catch (error) {
    if ((await readVersion(place)) === undefined) throw error
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

async function prepareData(
  draft: string,
  place: Place,
  { initdb }: Binaries,
  account: Account | undefined,
): Promise<string> {
  const data = path.join(draft, 'data')
  const secret = randomBytes(24).toString('base64url')
  const password = path.join(draft, 'password')
  await mkdir(data, { mode: 0o700 })
  await writeFile(password, secret, { mode: 0o600 })
  const give = async (file: string): Promise<void> => {
    if (account !== undefined) await chown(file, account.uid, account.gid)
  }
  for (const file of [draft, data, password]) await give(file)

  const settings = ['-U', 'postgres', '-A', 'scram-sha-256', '-E', 'UTF8', '--locale=C']
  const args = ['-D', data, '--pwfile', password, '--no-instructions', ...settings]
  try {
    await run(initdb, args, { ...account, cwd: '/', env: PROGRAM_ENV })
  } catch (error) {
    throw new EmbeddedStartError(place.directory, `initdb: ${lastLine(error)}`, { cause: error })
  }
  const kept = path.join(data, 'secret')
  await writeFile(kept, secret, { mode: 0o600, flush: true })
  await give(kept)
  return data
}

/** Removes what the dead left behind; answers the names of the drafts under way. */
async function sweepDrafts({ directory }: Place): Promise<string[]> {
  const fresh: string[] = []
  for (const name of await readdir(directory)) {
    if (!name.startsWith(DRAFT)) continue
    const draft = path.join(directory, name)
    const made = await stat(draft).catch(() => undefined)
    if (made === undefined) continue
    const ageMs = Date.now() - made.birthtimeMs
    if (ageMs < FRESH_MS) fresh.push(name)
    if (ageMs > STALE_MS) await rm(draft, { recursive: true, force: true })
  }
  return fresh
}

function lastLine(error: unknown): string {
  const text = error instanceof Error && 'stderr' in error ? String(error.stderr) : ''
  const line = text.trim().split('\n').at(-1)
  return line || (error instanceof Error ? error.message : 'no reason given')
}
