import { isMailroomError } from '../errors.ts'
import type { ConfigurationIssue } from './configuration-issue.ts'
import { expandDefinition } from './connection-definition.ts'
import type { ConnectionProperties } from './connection-definition.ts'
import { UnknownConnectionError } from './errors.ts'
import type { GroupDefinition } from './manager-group.ts'
import { nearest } from './nearest.ts'
import { expandGroup } from './parse-groups.ts'
import type { SettingsInput } from './settings.ts'
import { isProperties } from './unknown-properties.ts'
import type { UnknownProperties } from './unknown-properties.ts'

/**
 * Any part of `Value`; `null` takes a property away, so that it has its default again, and
 * `undefined`, such as a variable that is not set, says nothing.
 */
export type Overriding<Value> = Value extends readonly unknown[]
  ? Value
  : Value extends object
    ? { readonly [Key in keyof Value]?: Overriding<Value[Key]> | null }
    : Value

/**
 * What an environment says about a connection manager: single properties, or all of it as a
 * connection string or URL.
 */
export type ConnectionLayer = string | Overriding<ConnectionProperties>

/** What one environment, such as production, says otherwise than the rest of the configuration. */
export type EnvironmentLayer<Name extends string = string> = Overriding<SettingsInput> & {
  /** By their names; `null` removes one. */
  readonly connections?: { readonly [Key in Name]?: ConnectionLayer | null }
  /** By their names; `null` removes one. */
  readonly groups?: { readonly [Key in Name]?: Overriding<GroupDefinition> | null }
}

/** A configuration with a layer over it, and what is wrong with the layer itself. */
export interface Layered {
  readonly properties: UnknownProperties
  /** The properties of each connection manager and group that the layer sets. */
  readonly overrides: ReadonlyMap<string, readonly string[]>
  /** Their paths begin inside of the layer. */
  readonly issues: readonly ConfigurationIssue[]
}

/**
 * Lays `layer` over `base`, property by property; lists are replaced, `null` removes, `undefined`
 * leaves what is below.
 */
export function lay(layer: unknown, base: UnknownProperties): Layered {
  if (!isProperties(layer)) return refused(base, [], 'expected settings and `connections`')
  const { connections = {}, groups = {}, ...settings } = layer
  if (!isProperties(connections)) {
    return refused(base, ['connections'], 'expected connection managers by name')
  }
  if (!isProperties(groups)) return refused(base, ['groups'], 'expected groups by name')
  const { connections: below = {}, groups: groupsBelow = {}, ...others } = base
  const definitions = isProperties(below) ? below : {}
  const known = isProperties(groupsBelow) ? groupsBelow : {}
  return {
    properties: {
      ...mergeProperties(others, settings),
      connections: isProperties(below) ? layOver(connections, definitions, layDefinition) : below,
      groups: isProperties(groupsBelow) ? layOver(groups, known, layGroup) : groupsBelow,
    },
    overrides: new Map(
      Object.entries({ ...groups, ...connections }).map(
        ([name, given]) => [name, leavesOf(given, '')] as const,
      ),
    ),
    issues: [
      ...unknownNames('connections', Object.keys(connections), Object.keys(definitions)),
      ...unknownNames('groups', Object.keys(groups), Object.keys(known)),
    ],
  }
}

function refused(
  properties: UnknownProperties,
  path: readonly PropertyKey[],
  message: string,
): Layered {
  const issue = { path, code: 'INVALID_VALUE', message }
  return { properties, overrides: new Map(), issues: [issue] }
}

function layOver(
  layer: UnknownProperties,
  base: UnknownProperties,
  layOne: (given: unknown, base: unknown) => unknown,
): UnknownProperties {
  const laid = Object.entries(layer)
    .filter(([name]) => Object.hasOwn(base, name))
    .map(([name, given]) => [name, layOne(given, base[name])] as const)
  const all = Object.entries({ ...base, ...Object.fromEntries(laid) })
  return Object.fromEntries(all.filter(([name]) => layer[name] !== null))
}

/** A connection string says everything: what it leaves open is not taken from below it. */
function layDefinition(given: unknown, base: unknown): unknown {
  if (given === undefined) return base
  const isWhole = !isProperties(given) || typeof given['connectionString'] === 'string'
  return isWhole ? given : mergeValue(expandDefinition(base), given)
}

/** Another strategy is another group: its members are not those of the one below it. */
function layGroup(given: unknown, base: unknown): unknown {
  if (given === undefined || !isProperties(given)) return given ?? base
  const below = readable(base)
  const strategy = given['strategy'] ?? below['strategy']
  if (strategy !== below['strategy']) return given
  const merged = mergeProperties(below, given)
  const { members } = merged
  return isProperties(members) ? { ...merged, members: withoutAbsent(members) } : merged
}

function withoutAbsent(properties: UnknownProperties): UnknownProperties {
  return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined))
}

/** What cannot be read is told where it was written. */
function readable(group: unknown): UnknownProperties {
  try {
    const expanded = expandGroup(group)
    return isProperties(expanded) ? expanded : {}
  } catch (error) {
    if (!isMailroomError(error)) throw error
    return {}
  }
}

function mergeProperties(base: UnknownProperties, given: UnknownProperties): UnknownProperties {
  const merged = Object.entries(given).map(
    ([key, value]) => [key, mergeValue(base[key], value)] as const,
  )
  return { ...base, ...Object.fromEntries(merged) }
}

// An absent value is kept as a key: a misspelt one is told, whatever it was to be.
function mergeValue(base: unknown, given: unknown): unknown {
  if (given === undefined) return base
  if (given === null) return undefined
  if (!isProperties(given)) return given
  const isOfOneKind =
    isProperties(base) && (given['method'] === undefined || given['method'] === base['method'])
  return mergeProperties(isOfOneKind ? base : {}, given)
}

/** A name that is nowhere below is a typing error, and what it was to change would stay as it is. */
function unknownNames(
  where: 'connections' | 'groups',
  given: readonly string[],
  names: readonly string[],
): readonly ConfigurationIssue[] {
  return given
    .filter((name) => !names.includes(name))
    .map((name) => {
      const { code, message } = new UnknownConnectionError(name, names, nearest(name, names))
      return { path: [where, name], code, message }
    })
}

function leavesOf(value: unknown, path: string): readonly string[] {
  if (value === undefined) return []
  if (!isProperties(value)) return [path === '' ? 'connectionString' : path]
  return Object.entries(value).flatMap(([key, inner]) =>
    leavesOf(inner, path === '' ? key : `${path}.${key}`),
  )
}
