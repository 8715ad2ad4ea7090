import { isMailroomError } from '../../errors.ts'
import { findBinaryPackage } from '../../store/embedded/package.ts'
import { readVersion } from '../../version.ts'
import { ok, problem, type Check } from './check.ts'

/** The oldest Node.js that runs Mailroom, as `engines` of the package says. */
const OLDEST_NODE = 24

/** Looks at what runs here: Mailroom, Node.js, and the binaries of the embedded store. */
export async function checkProgram(usesEmbedded: boolean): Promise<readonly Check[]> {
  return [
    ok('mailroom', readVersion()),
    checkNode(process.versions.node),
    await checkBinaries(usesEmbedded),
  ]
}

function checkNode(version: string): Check {
  if (Number.parseInt(version, 10) >= OLDEST_NODE) return ok('node', version)
  return problem('node', version, `install Node.js ${OLDEST_NODE} or newer`)
}

async function checkBinaries(areNeeded: boolean): Promise<Check> {
  const check = 'embedded binaries'
  try {
    const { version, platform } = await findBinaryPackage()
    return ok(check, `Postgres ${version} for ${platform}`)
  } catch (error) {
    if (!isMailroomError(error)) throw error
    return areNeeded ? problem(check, error.message) : ok(check, 'not installed, and not needed')
  }
}
