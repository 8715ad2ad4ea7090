import type { ConnectionWarning } from './connections/connection-warning.ts'
import { createResolver } from './connections/resolver.ts'
import { environmentOf, locateQueue, readConfig, warnOf, type ConfigSource } from './read-config.ts'
import { createWorker as create, type Worker, type WorkerOptions } from './worker/worker.ts'

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

/**
 * Creates a worker from a configuration; it opens nothing before `start`.
 *
 * Throws `InvalidConfigurationError` with all problems, and `UnknownEnvironmentError`.
 */
export function createWorker<Name extends string>(
  config: ConfigSource<Name>,
  { env = process.env, environment, onWarning, ...hooks }: WorkerHooks = {},
): Worker {
  const read = readConfig(config, { env, environment: environmentOf(environment, env) })
  warnOf(read, onWarning)
  const { connections, worker, prefix, schema, digestKey, ...rest } = read
  const sources = { env }
  return create({
    lockMs: worker.lock,
    ...(worker.connections === undefined ? {} : { names: worker.connections }),
    ...hooks,
    prefix,
    schema,
    locate: () => locateQueue(rest, sources),
    connections: createResolver(connections, digestKey, sources),
  })
}
