import type { ConnectionWarning } from '../../connections/connection-warning.ts'
import type { Validity } from '../../connections/certificates.ts'
import { describeOutdated } from '../../connections/client-certificate.ts'
import { InvalidConfigurationError, SecretUnavailableError } from '../../connections/errors.ts'
import { remedyForSecret } from '../../connections/remedies/secrets.ts'
import { isMailroomError } from '../../errors.ts'
import type { Context } from '../context.ts'
import type { SettingFlags } from '../settings.ts'
import { loadSetup, type Setup } from '../setup.ts'
import { ok, problem, warning, type Check } from './check.ts'

/** What was found in the configuration, and what the other checks need of it. */
export interface ConfigurationChecks {
  readonly checks: readonly Check[]
  /** Undefined when it is not valid. */
  readonly setup: Setup | undefined
}

/** Loads the configuration and tells all its problems, one by one. */
export async function checkConfiguration(
  flags: SettingFlags,
  context: Context,
): Promise<ConfigurationChecks> {
  try {
    const setup = await loadSetup(flags, context)
    const { files } = setup.sources
    const count = setup.config.connections.list().length
    const from = files[0] ?? (setup.sources.variables.length > 0 ? 'variables' : undefined)
    const found =
      from === undefined
        ? warning('configuration', 'there is none', 'run "mailroom init", or give "--config FILE"')
        : ok('configuration', `${count} connection managers from ${from}`)
    const doubts = setup.config.warnings.map(({ code, message }) =>
      warning('configuration', message, adviceFor(code)),
    )
    return { checks: [found, ...doubts], setup }
  } catch (error) {
    if (!isMailroomError(error)) throw error
    const issues = error instanceof InvalidConfigurationError ? error.issues : []
    const checks = issues.map(({ path, message }) =>
      problem('configuration', `${path.map(String).join('.')}: ${message}`, 'correct it'),
    )
    return {
      checks: checks.length > 0 ? checks : [problem('configuration', error.message)],
      setup: undefined,
    }
  }
}

function adviceFor(code: ConnectionWarning['code']): string {
  switch (code) {
    case 'INSECURE_AUTH':
    case 'OPPORTUNISTIC_TLS':
      return 'use `tls: "starttls"` or "implicit"'
    case 'CLIENT_CERTIFICATE_EXPIRED':
      return 'have it renewed'
    case 'LEGACY_TLS':
    case 'PORT_TLS_MISMATCH':
      return 'see whether it is meant'
  }
}

/** Looks every secret up; the answers hold the names of variables and files only. */
export async function checkSecrets(
  { config }: Pick<Setup, 'config'>,
  { env }: Pick<Context, 'env'>,
): Promise<readonly Check[]> {
  const { connections } = config
  const faults: Check[] = []
  for (const { name } of connections.list()) {
    try {
      const { clientCertificate } = await connections.resolve(name, { env })
      if (clientCertificate) faults.push(...datesOf(name, clientCertificate))
    } catch (error) {
      if (!isMailroomError(error)) throw error
      const { flaw } = error instanceof SecretUnavailableError ? error : {}
      const { id, advice } = remedyForSecret(flaw)
      const detail = `${JSON.stringify(name)}: ${error.message}`
      faults.push({ ...problem('secrets', detail, advice), problem: id })
    }
  }
  return faults.length > 0 ? faults : [ok('secrets', 'all can be read')]
}

/** One that stands in the configuration itself is told with its warnings, too. */
function datesOf(name: string, validity: Validity): readonly Check[] {
  const about = `${JSON.stringify(name)}: the certificate that we show (tlsOptions.cert)`
  const now = new Date()
  const wrong = describeOutdated(validity, now)
  if (wrong?.cause === 'CLIENT_CERTIFICATE_NOT_YET_VALID') {
    return [
      problem('secrets', `${about} ${wrong.says}`, 'compare the clocks, or use the former one'),
    ]
  }
  const advice = 'have it renewed, and put the new one and its key in their place'
  if (wrong !== undefined) return [problem('secrets', `${about} ${wrong.says}`, advice)]
  const days = Math.floor((validity.validTo.getTime() - now.getTime()) / DAY_MS)
  if (days >= SOON_DAYS) return []
  return [warning('secrets', `${about} ends in ${days} day${days === 1 ? '' : 's'}`, advice)]
}

const DAY_MS = 86_400_000

/** A certificate that ends sooner is pointed out. */
const SOON_DAYS = 21
