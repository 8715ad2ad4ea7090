import type { ParsedConfig } from './connections/config.ts'
import type { ConnectionWarning } from './connections/connection-warning.ts'
import type { SecretSources } from './connections/references.ts'
import { createResolver } from './connections/resolver.ts'
import { atNextStart } from './next-start.ts'
import {
  contentOptionsOf,
  environmentOf,
  locateQueue,
  readConfig,
  sweepTimesOf,
  warnOf,
  type ConfigSource,
} from './read-config.ts'
import type { Reconfiguration, Reconfigured } from './worker/reconfigure.ts'
import {
  createWorker as create,
  type Worker as BareWorker,
  type WorkerOptions,
} from './worker/worker.ts'

/** What a configuration file cannot say, or what this worker does otherwise. */
export interface WorkerHooks extends Partial<
  Omit<WorkerOptions, 'locate' | 'connections' | 'prefix' | 'schema'>
> {
  /** Where variables are looked up; the process' environment by default. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** The environment of the configuration that counts; `MAILROOM_ENV` by default, else none. */
  readonly environment?: string
  /** Hears what is doubtful about the configuration; a warning of the process by default. */
  readonly onWarning?: (warning: ConnectionWarning) => void
}

/** A worker that is given configurations. */
export interface Worker extends Omit<BareWorker, 'reconfigure'> {
  /**
   * Works with the connection managers of `config` from now on. Without it those that it has are
   * looked up again: that is to be called after `connections.add` and `connections.remove`; a file
   * that a secret refers to needs no call.
   *
   * New deliveries use a changed manager at once; sessions of the old one finish what they have
   * begun. A name that is gone takes nothing more, and its mail waits. A configuration that is not
   * valid is refused with all its problems, and the old one stays.
   */
  reconfigure(config?: ConfigSource<string>): Promise<Reconfigured>
}

/**
 * Creates a worker from a configuration; it opens nothing before `start`.
 *
 * Throws `InvalidConfigurationError` with all problems, and `UnknownEnvironmentError`.
 */
export function createWorker<Name extends string>(
  config: ConfigSource<Name>,
  { env = process.env, environment, onWarning, ...hooks }: WorkerHooks = {},
): Worker {
  const sources = { env }
  const choice = { env, environment: environmentOf(environment, env) }
  const read = readConfig(config, choice)
  warnOf(read, onWarning)
  const { worker: settings, prefix, schema } = read
  const worker = create({
    lockMs: settings.lock,
    maxInFlight: settings.maxInFlight,
    verifyAtStart: settings.verifyAtStart,
    content: contentOptionsOf(read),
    retentionMs: read.retention.ended,
    ...hooks,
    sweep: { ...sweepTimesOf(read), ...hooks.sweep },
    prefix,
    schema,
    locate: () => locateQueue(read, sources),
    ...given(read, sources, hooks.names),
  })
  const load = (source: ConfigSource<string>): Reconfiguration => {
    const fresh = readConfig(source, choice)
    warnOf(fresh, onWarning)
    return {
      ...given(fresh, sources, hooks.names),
      atNextStart: atNextStart(read, fresh),
    }
  }
  return {
    ...worker,
    reconfigure: (source) => worker.reconfigure(source && (() => load(source))),
  }
}

/** What of a configuration a running worker can be given anew. */
function given<Name extends string>(
  { connections, digestKey, rules, worker }: ParsedConfig<Name>,
  sources: SecretSources,
  asked: readonly string[] | undefined,
): Reconfiguration {
  const names = asked ?? worker.connections
  return {
    connections: createResolver(connections, digestKey, sources, rules),
    ...(names === undefined ? {} : { names }),
  }
}
