import type { UserRule } from '../smtp/rules/user-rule.ts'
import type { Tokens } from './auth/oauth2/tokens.ts'
import type { ConnectionDefinition } from './connection-definition.ts'
import type { ConnectionManager } from './connection-manager.ts'
import type { ConnectionOrigin } from './connection-origin.ts'
import { summarize } from './connection-summary.ts'
import type { ConnectionSummary } from './connection-summary.ts'
import type { ConnectionWarning } from './connection-warning.ts'
import type { TriedEnvelope } from './envelope-trial.ts'
import {
  ConnectionInUseError,
  ConnectionIsGroupError,
  DuplicateConnectionError,
  InvalidConfigurationError,
  UnknownConnectionError,
} from './errors.ts'
import { groupOfOne, type GroupDefinition, type ManagerGroup } from './manager-group.ts'
import { nearest } from './nearest.ts'
import { parseDefinitions } from './parse-definitions.ts'
import { parseGroups } from './parse-groups.ts'
import { resolveSecrets } from './secrets.ts'
import type { ResolvedManager, ResolveOptions } from './secrets.ts'
import type { Verification } from './verification.ts'

/** The connection managers and groups by name, in the manner of SSIS's `Connections`. */
export interface Connections<Name extends string = string> {
  /**
   * Files a new connection manager under `name` and returns what is doubtful about it.
   *
   * Throws `DuplicateConnectionError`, and `InvalidConfigurationError` with all problems.
   */
  add(name: string, definition: ConnectionDefinition): readonly ConnectionWarning[]
  /**
   * Files a new group under `name`; its members are connection managers that there are.
   *
   * Throws `DuplicateConnectionError`, and `InvalidConfigurationError` with all problems.
   */
  addGroup(name: string, definition: GroupDefinition): void
  /** The connection manager called `name`. Throws `UnknownConnectionError` and `ConnectionIsGroupError`. */
  get(name: Name): ConnectionManager
  /** The group called `name`; a connection manager is the group that it alone is. Throws `UnknownConnectionError`. */
  group(name: Name): ManagerGroup
  /** The connection managers that mail of `name` goes through, in order. Throws `UnknownConnectionError`. */
  members(name: Name): readonly ConnectionManager[]
  /** Whether there is such a connection manager or group. */
  has(name: string): name is Name
  /** Takes `name` out; false when there is none. Throws `ConnectionInUseError` for a group's member. */
  remove(name: string): boolean
  /** The names that jobs may refer to: connection managers, then groups, as they were added. */
  names(): readonly Name[]
  /** All connection managers without their secrets: safe to print. */
  list(): readonly ConnectionSummary[]
  /** All groups. */
  groups(): readonly GroupSummary[]
  /**
   * The connection manager called `name` with its references looked up, now.
   *
   * Throws `UnknownConnectionError`, `ConnectionIsGroupError` and `SecretUnavailableError`.
   */
  resolve(name: Name, options: ResolveOptions): Promise<ResolvedManager>
  /**
   * Connects, protects the session, logs in and says QUIT; tells how far that went. With an `envelope`
   * the server is also asked whether it would take mail of that sender, and to those recipients.
   *
   * Rejects with `UnknownConnectionError` and `ConnectionIsGroupError` only: every other fault is a failed step.
   */
  verify(name: Name, options?: VerifyOptions): Promise<Verification>
}

/** A group for people's eyes. */
export interface GroupSummary extends ManagerGroup {
  readonly origin: ConnectionOrigin
}

export interface VerifyOptions extends ResolveOptions {
  readonly signal?: AbortSignal
  /**
   * Those of the workers. Without them a token is asked for, but not with a refresh token, which may
   * be worth something once only.
   */
  readonly tokens?: Tokens | undefined
  /** Goes on with MAIL and RCPT after the login, and takes both back: no mail is sent. */
  readonly envelope?: TriedEnvelope | undefined
  /** What the operator has decided about replies, for the verdict on an envelope. */
  readonly rules?: readonly UserRule[] | undefined
}

/** A collection, and what is doubtful about its members: for a log, nothing is refused. */
export interface CreatedConnections<Name extends string> {
  readonly connections: Connections<Name>
  readonly warnings: readonly ConnectionWarning[]
}

/**
 * Makes a collection of connection managers, and of groups of them, by name.
 *
 * Throws `InvalidConfigurationError` with the problems of all of them. Nothing is connected to and no
 * reference is looked up before it is needed.
 */
export function createConnections<Name extends string = string, Group extends string = never>(
  definitions: { readonly [Key in Name]?: ConnectionDefinition } = {},
  groups: { readonly [Key in Group]?: GroupDefinition } = {},
): CreatedConnections<Name | Group> {
  const { managers, warnings, issues } = parseDefinitions(definitions)
  const grouped = parseGroups(groups, Object.keys(definitions))
  const problems = [...issues, ...grouped.issues]
  if (problems.length > 0) throw new InvalidConfigurationError(problems)
  return { connections: collect<Name | Group>(managers, { groups: grouped.groups }), warnings }
}

/** What there is beside connection managers. */
interface Collected {
  readonly groups?: ReadonlyMap<string, ManagerGroup>
  /** Where the connection managers and groups were defined; in code by default. */
  readonly origins?: ReadonlyMap<string, ConnectionOrigin>
}

/** A collection of connection managers and groups that have been read. */
export function collect<Name extends string>(
  parsed: ReadonlyMap<string, ConnectionManager>,
  { groups: parsedGroups = new Map(), origins = new Map() }: Collected = {},
): Connections<Name> {
  const managers = new Map(parsed)
  const groups = new Map(parsedGroups)
  const originOf = (one: ConnectionManager | ManagerGroup): ConnectionOrigin => {
    const isAsRead = parsed.get(one.name) === one || parsedGroups.get(one.name) === one
    return (isAsRead ? origins.get(one.name) : undefined) ?? CODE
  }
  const groupNamed = (name: string): ManagerGroup => {
    const group = groups.get(name)
    if (group) return group
    if (managers.has(name)) return groupOfOne(name)
    const known = [...managers.keys(), ...groups.keys()]
    throw new UnknownConnectionError(name, known, nearest(name, known))
  }
  const get = (name: string): ConnectionManager => {
    const manager = managers.get(name)
    if (manager) return manager
    const members = groupNamed(name).members.map((member) => member.name)
    throw new ConnectionIsGroupError(name, members)
  }
  // Names that are added later widen the set at run time only: the type holds what was written.
  const has = (name: string): name is Name => managers.has(name) || groups.has(name)
  return {
    add: (name, definition) => {
      if (has(name)) throw new DuplicateConnectionError(name)
      const added = parseDefinitions({ [name]: definition })
      if (added.issues.length > 0) throw new InvalidConfigurationError(added.issues)
      for (const manager of added.managers.values()) managers.set(name, manager)
      return added.warnings
    },
    addGroup: (name, definition) => {
      if (has(name)) throw new DuplicateConnectionError(name)
      const added = parseGroups({ [name]: definition }, [...managers.keys()])
      if (added.issues.length > 0) throw new InvalidConfigurationError(added.issues)
      for (const group of added.groups.values()) groups.set(name, group)
    },
    get,
    group: groupNamed,
    members: (name) => groupNamed(name).members.map((member) => get(member.name)),
    has,
    remove: (name) => {
      refuseInUse(name, groups)
      return managers.delete(name) || groups.delete(name)
    },
    names: () => [...managers.keys(), ...groups.keys()].filter(has),
    list: () => [...managers.values()].map((manager) => summarize(manager, originOf(manager))),
    groups: () => [...groups.values()].map((group) => ({ ...group, origin: originOf(group) })),
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

function refuseInUse(name: string, groups: ReadonlyMap<string, ManagerGroup>): void {
  for (const group of groups.values()) {
    if (group.members.some((member) => member.name === name)) {
      throw new ConnectionInUseError(name, group.name)
    }
  }
}
