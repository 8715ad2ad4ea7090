import type { ConnectionDefinition } from './connection-definition.ts'
import type { ConnectionManager } from './connection-manager.ts'
import type { ConnectionOrigin } from './connection-origin.ts'
import { summarize } from './connection-summary.ts'
import type { ConnectionSummary } from './connection-summary.ts'
import type { ConnectionWarning } from './connection-warning.ts'
import {
  DuplicateConnectionError,
  InvalidConfigurationError,
  UnknownConnectionError,
} from './errors.ts'
import { nearest } from './nearest.ts'
import { parseDefinitions } from './parse-definitions.ts'
import { resolveSecrets } from './secrets.ts'
import type { ResolvedManager, ResolveOptions } from './secrets.ts'
import type { Verification } from './verify.ts'

/** The connection managers by name, in the manner of SSIS's `Connections`. */
export interface Connections<Name extends string = string> {
  /**
   * Files a new connection manager under `name` and returns what is doubtful about it.
   *
   * Throws `DuplicateConnectionError`, and `InvalidConfigurationError` with all problems.
   */
  add(name: string, definition: ConnectionDefinition): readonly ConnectionWarning[]
  /** The connection manager called `name`. Throws `UnknownConnectionError`. */
  get(name: Name): ConnectionManager
  has(name: string): name is Name
  /** Takes `name` out; false when there is none. */
  remove(name: string): boolean
  /** The names in the order in which they were added. */
  names(): readonly Name[]
  /** All connection managers without their secrets: safe to print. */
  list(): readonly ConnectionSummary[]
  /**
   * The connection manager called `name` with its references looked up, now.
   *
   * Throws `UnknownConnectionError` and `SecretUnavailableError`.
   */
  resolve(name: Name, options: ResolveOptions): Promise<ResolvedManager>
  /**
   * Connects, protects the session, logs in and says QUIT; tells how far that went.
   *
   * Rejects with `UnknownConnectionError` only: every other fault is a failed step.
   */
  verify(name: Name, options?: VerifyOptions): Promise<Verification>
}

export interface VerifyOptions extends ResolveOptions {
  readonly signal?: AbortSignal
}

/** A collection, and what is doubtful about its members: for a log, nothing is refused. */
export interface CreatedConnections<Name extends string> {
  readonly connections: Connections<Name>
  readonly warnings: readonly ConnectionWarning[]
}

/**
 * Makes a collection of connection managers by name.
 *
 * Throws `InvalidConfigurationError` with the problems of all of them. Nothing is connected to and no
 * reference is looked up before it is needed.
 */
export function createConnections<Name extends string = string>(
  definitions?: Readonly<Record<Name, ConnectionDefinition>>,
): CreatedConnections<Name> {
  const { managers, warnings, issues } = parseDefinitions(definitions ?? {})
  if (issues.length > 0) throw new InvalidConfigurationError(issues)
  return { connections: collect<Name>(managers), warnings }
}

/** A collection of connection managers that have been read; `origins` are those of the named ones. */
export function collect<Name extends string>(
  parsed: ReadonlyMap<string, ConnectionManager>,
  origins: ReadonlyMap<string, ConnectionOrigin> = new Map(),
): Connections<Name> {
  const managers = new Map(parsed)
  const originOf = (manager: ConnectionManager): ConnectionOrigin =>
    (parsed.get(manager.name) === manager ? origins.get(manager.name) : undefined) ?? CODE

  const get = (name: string): ConnectionManager => {
    const manager = managers.get(name)
    if (manager) return manager
    const known = [...managers.keys()]
    throw new UnknownConnectionError(name, known, nearest(name, known))
  }
  // Names that are added later widen the set at run time only: the type holds what was written.
  const has = (name: string): name is Name => managers.has(name)
  return {
    add: (name, definition) => {
      if (managers.has(name)) throw new DuplicateConnectionError(name)
      const added = parseDefinitions({ [name]: definition })
      if (added.issues.length > 0) throw new InvalidConfigurationError(added.issues)
      for (const manager of added.managers.values()) managers.set(name, manager)
      return added.warnings
    },
    get,
    has,
    remove: (name) => managers.delete(name),
    names: () => [...managers.keys()].filter(has),
    list: () => [...managers.values()].map((manager) => summarize(manager, originOf(manager))),
    resolve: async (name, options) => resolveSecrets(get(name), options),
    verify: async (name, options = { env: {} }) => {
      const manager = get(name)
      // Only here: whoever just enqueues should not wait for an SMTP client to load.
      const { verifyManager } = await import('./verify.ts')
      return verifyManager(manager, options)
    },
  }
}

const CODE: ConnectionOrigin = { kind: 'code' }
