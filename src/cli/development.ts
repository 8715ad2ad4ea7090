import { chmod, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

import type { ParsedConfig } from '../connections/config.ts'
import { definitionOf } from '../connections/manager-group.ts'
import { createConnections, type Connections } from '../connections/connections.ts'
import { checkReach, chooseAccount } from '../store/embedded/account.ts'
import { EmbeddedDirUnreachableError } from '../store/embedded/errors.ts'
import type { CatchAll, CaughtMail } from './catch-all.ts'
import type { Setup } from './setup.ts'
import type { Terminal } from './terminal.ts'

const DEMO_DIRECTORY = '.mailroom/demo'

/**
 * Where the demo keeps what it keeps: in the project, or in a new temporary directory when root
 * works in a place that the embedded server, which never runs as root, may not enter.
 */
export async function chooseDemoDirectory(cwd: string): Promise<string> {
  const account = await chooseAccount(cwd)
  try {
    if (account !== undefined) await checkReach(cwd, account)
    return DEMO_DIRECTORY
  } catch (error) {
    if (!(error instanceof EmbeddedDirUnreachableError)) throw error
    const directory = await mkdtemp(path.join(tmpdir(), 'mailroom-demo-'))
    await chmod(directory, 0o711)
    return directory
  }
}

/** Everything that is kept in one directory of a development machine. */
export interface Places {
  /** The location of the embedded store. */
  readonly queue: string
  readonly mails: string
}

/** Where in `directory` the store and the mails are. */
export function placesIn(directory: string, cwd: string): Places {
  const base = path.resolve(cwd, directory)
  return { queue: `embedded:${path.join(base, 'store')}`, mails: path.join(base, 'mails') }
}

/**
 * The same setup with every connection manager leading to the catch-all server, by the same names
 * and with the same limits, and without any secret: nothing leaves this machine.
 */
export function redirected(
  setup: Setup,
  to: Pick<CatchAll, 'host' | 'port'>,
  queue: string,
): Setup {
  const { settings, config } = setup
  return {
    ...setup,
    settings: { ...settings, queue },
    config: { ...config, connections: redirectedConnections(config, to), warnings: [] },
  }
}

function redirectedConnections(
  { connections }: ParsedConfig,
  { host, port }: Pick<CatchAll, 'host' | 'port'>,
): Connections {
  const definitions = connections.list().map(
    ({ name, description, from, fromDomains, limits }) =>
      [
        name,
        {
          description,
          server: host,
          port,
          tls: 'none',
          limits,
          ...(from !== undefined && { from }),
          ...(fromDomains !== undefined && { fromDomains }),
        },
      ] as const,
  )
  const groups = connections.groups().map((group) => [group.name, definitionOf(group)] as const)
  return createConnections(Object.fromEntries(definitions), Object.fromEntries(groups)).connections
}

/** Prints a mail that was caught: who, to whom, what about, and where it is. */
export function printMail(
  { file, from, to, subject, bytes }: CaughtMail,
  terminal: Terminal,
): void {
  const about = terminal.style('bold', subject === '' ? '(no subject)' : subject)
  terminal.tell(
    { event: 'caught', file, from, to, subject, bytes },
    `${terminal.style('green', 'mail')} ${from || '<>'} → ${to.join(', ')}  ${about}\n     ${terminal.style('dim', file)}`,
  )
}
