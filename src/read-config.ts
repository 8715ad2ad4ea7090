import {
  parseConfig,
  parseConfigOf,
  type MailroomConfig,
  type ParsedConfig,
} from './connections/config.ts'
import type { ConfigurationIssue } from './connections/configuration-issue.ts'
import type { ConnectionWarning } from './connections/connection-warning.ts'
import {
  InvalidConfigurationError,
  NoQueueError,
  UnknownConnectionError,
} from './connections/errors.ts'
import { nearest } from './connections/nearest.ts'
import { isProperties } from './connections/unknown-properties.ts'
import type { Connections } from './connections/connections.ts'
import type { ConfigChoice } from './connections/environments.ts'
import type { ContentOptions } from './content/open.ts'
import { resolveReferences, type SecretSources } from './connections/references.ts'
import type { SweepTimes } from './worker/sweep-context.ts'

/** A configuration as programs give it: with connection managers by name, or with a collection of them. */
export type ConfigSource<Name extends string> =
  | MailroomConfig<Name>
  | (Omit<MailroomConfig<Name>, 'connections'> & { readonly connections: Connections<Name> })

/**
 * Reads a configuration that a program gives. A collection is taken as it is; over connection managers
 * by name count the environment and the variables of `choice`.
 *
 * Throws `InvalidConfigurationError` with all problems, `UnknownEnvironmentError`, and
 * `UnknownConnectionError` for names of a worker that a collection has not.
 */
export function readConfig<Name extends string>(
  source: ConfigSource<Name>,
  choice: ConfigChoice,
): ParsedConfig<Name> {
  // Callers without types may give anything: whatever it is, `parseConfig` says what is wrong.
  const given: unknown = source
  if (!isProperties(given)) throw new InvalidConfigurationError([NO_CONFIGURATION])
  const { connections } = source
  if (isCollection(connections)) {
    const { environment } = source.environments === undefined ? {} : choice
    const { connections: names, ...worker } = source.worker ?? {}
    for (const name of names ?? []) refuseUnknown(connections, name)
    const parsed = parseConfig({ ...source, worker, connections: {} }, { environment })
    return {
      ...parsed,
      worker: { ...parsed.worker, ...(names && { connections: names }) },
      connections,
    }
  }
  return parseConfigOf<Name>(source, choice)
}

/** The environment that a program asks for, else `MAILROOM_ENV`, else none. */
export function environmentOf(
  asked: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  return asked ?? (env['MAILROOM_ENV'] || undefined)
}

function refuseUnknown<Name extends string>(connections: Connections<Name>, name: string): void {
  if (!connections.has(name)) {
    throw new UnknownConnectionError(name, connections.names(), nearest(name, connections.names()))
  }
}

const NO_CONFIGURATION: ConfigurationIssue = {
  path: [],
  code: 'INVALID_VALUE',
  message: 'expected an object such as { queue, connections }',
}

function isCollection<Name extends string>(
  connections: ConfigSource<Name>['connections'],
): connections is Connections<Name> {
  return isProperties(connections) && typeof Reflect.get(connections, 'resolve') === 'function'
}

/** Tells what is doubtful about a configuration as warnings of the process, unless somebody hears them. */
export function warnOf(
  { warnings }: Pick<ParsedConfig, 'warnings'>,
  onWarning: (warning: ConnectionWarning) => void = ({ code, message }) =>
    process.emitWarning(message, { type: 'MailroomWarning', code }),
): void {
  for (const warning of warnings) onWarning(warning)
}

/** Where content lies, and how much of it, as a configuration says. */
export function contentOptionsOf({ content }: Pick<ParsedConfig, 'content'>): ContentOptions {
  const { store, maxBytes, totalBytes } = content
  return {
    store,
    ...(maxBytes === undefined ? {} : { maxBytes }),
    ...(totalBytes === undefined ? {} : { totalBytes }),
  }
}

/** How long held messages and history are kept, as a configuration says. */
export function sweepTimesOf({
  retention,
  history,
}: Pick<ParsedConfig, 'retention' | 'history'>): Partial<SweepTimes> {
  return {
    heldRetentionMs: retention.held,
    historyKeepForMs: history.keepFor,
    historyMaxBytes: history.maxBytes,
  }
}

/** Where jobs wait, its references looked up. Throws `NoQueueError` and `SecretUnavailableError`. */
export async function locateQueue(
  { queue }: Pick<ParsedConfig, 'queue'>,
  sources: SecretSources,
): Promise<string> {
  if (queue === undefined) throw new NoQueueError()
  return resolveReferences(queue.reveal(), sources)
}
