import { isMailroomError } from '../errors.ts'
import { issueOf, issuesOf } from './configuration-issue.ts'
import type { ConfigurationIssue } from './configuration-issue.ts'
import { connectionNameSchema } from './connection-name.ts'
import { UnknownConnectionError } from './errors.ts'
import { parseGroupString } from './group-string.ts'
import {
  groupOf,
  knownGroupProperties,
  managerGroupSchema,
  type ManagerGroup,
} from './manager-group.ts'
import { nearest } from './nearest.ts'
import { isProperties, type UnknownProperties } from './unknown-properties.ts'

/** Every group that could be read, and everything that is to be said about the rest. */
export interface ParsedGroups {
  readonly groups: ReadonlyMap<string, ManagerGroup>
  readonly issues: readonly ConfigurationIssue[]
}

/**
 * Reads all groups by name; their members are to be among `managers`, whatever is wrong with those.
 * Paths begin with `groups` unless `pathOf` says otherwise.
 */
export function parseGroups(
  definitions: UnknownProperties,
  managers: readonly string[],
  pathOf: (name: string) => readonly PropertyKey[] = (name) => ['groups', name],
): ParsedGroups {
  // An environment may have taken one away.
  const given = Object.entries(definitions).filter(([, definition]) => definition !== undefined)
  const names = given.map(([name]) => name)
  const groups = new Map<string, ManagerGroup>()
  const issues: ConfigurationIssue[] = []
  for (const [name, definition] of given) {
    const path = pathOf(name)
    const parsed = parseGroup(name, definition, path)
    if (managers.includes(name)) issues.push(clash(name, path))
    if (parsed.kind === 'valid') groups.set(name, parsed.group)
    else issues.push(...parsed.issues)
  }
  for (const group of groups.values()) {
    issues.push(...problemsOfMembers(group, { groups, managers, names, path: pathOf(group.name) }))
  }
  return { groups, issues }
}

type ParsedGroup =
  | { readonly kind: 'valid'; readonly group: ManagerGroup }
  | { readonly kind: 'invalid'; readonly issues: readonly ConfigurationIssue[] }

function parseGroup(name: string, definition: unknown, path: readonly PropertyKey[]): ParsedGroup {
  const named = connectionNameSchema.safeParse(name)
  const invalid = (issues: readonly ConfigurationIssue[]): ParsedGroup => ({
    kind: 'invalid',
    issues: [...(named.success ? [] : issuesOf(named.error, path)), ...issues],
  })
  try {
    const given = expandGroup(definition)
    if (!isProperties(given)) return invalid([{ ...NOT_A_GROUP, path }])
    const parsed = managerGroupSchema.safeParse(given, { reportInput: true })
    if (!parsed.success) {
      return invalid(issuesOf(parsed.error, path, knownGroupProperties(given['strategy'])))
    }
    return named.success ? { kind: 'valid', group: groupOf(name, parsed.data) } : invalid([])
  } catch (error) {
    if (!isMailroomError(error)) throw error
    return invalid([issueOf(error, path)])
  }
}

/** A group as properties where it is given as a text, else as it is. Throws `InvalidGroupStringError`. */
export function expandGroup(definition: unknown): unknown {
  return typeof definition === 'string' ? parseGroupString(definition) : definition
}

const NOT_A_GROUP = {
  code: 'INVALID_VALUE',
  message: 'expected properties, or a text such as "failover:first,second"',
}

interface Surroundings {
  readonly groups: ReadonlyMap<string, ManagerGroup>
  readonly managers: readonly string[]
  /** Of all groups, those too that could not be read. */
  readonly names: readonly string[]
  readonly path: readonly PropertyKey[]
}

function problemsOfMembers(
  { name, strategy, members }: ManagerGroup,
  { groups, managers, names, path }: Surroundings,
): readonly ConfigurationIssue[] {
  const at = [...path, 'members']
  if (members.length === 0) {
    const message = 'expected the name of at least one connection manager'
    return [{ path: at, code: 'EMPTY_GROUP', message }]
  }
  return members.flatMap((member, index) => {
    const place = [...at, strategy === 'weighted' ? member.name : index]
    const isRepeated = members.findIndex((one) => one.name === member.name) < index
    if (isRepeated) return [repeated(member.name, place)]
    if (managers.includes(member.name)) return []
    if (names.includes(member.name)) return [nested(name, member.name, groups, place)]
    const near = nearest(member.name, managers)
    const { code, message } = new UnknownConnectionError(member.name, managers, near)
    return [{ path: place, code, message }]
  })
}

function clash(name: string, path: readonly PropertyKey[]): ConfigurationIssue {
  const message = `a connection manager is called ${JSON.stringify(name)} too: jobs could mean either, so rename one`
  return { path, code: 'NAME_CLASH', message }
}

function repeated(member: string, path: readonly PropertyKey[]): ConfigurationIssue {
  const message = `${JSON.stringify(member)} is a member already: name it once`
  return { path, code: 'DUPLICATE_MEMBER', message }
}

/** Groups hold connection managers only; one that leads back to itself is told as such. */
function nested(
  name: string,
  member: string,
  groups: ReadonlyMap<string, ManagerGroup>,
  path: readonly PropertyKey[],
): ConfigurationIssue {
  const circle = wayBack(name, member, groups)
  if (circle !== undefined) {
    const way = circle.map((one) => JSON.stringify(one)).join(' → ')
    return { path, code: 'GROUP_CYCLE', message: `the group leads back to itself: ${way}` }
  }
  const message = `${JSON.stringify(member)} is a group: name its connection managers instead`
  return { path, code: 'NESTED_GROUP', message }
}

/** The names from a group through its `member` back to it; undefined when there is no such way. */
function wayBack(
  name: string,
  member: string,
  groups: ReadonlyMap<string, ManagerGroup>,
): readonly string[] | undefined {
  const seen = new Set<string>()
  let ways: readonly (readonly string[])[] = [[name, member]]
  while (ways.length > 0) {
    const found = ways.find((way) => way.at(-1) === name)
    if (found !== undefined) return found
    ways = ways.flatMap((way) => {
      const last = way.at(-1) ?? ''
      if (seen.has(last)) return []
      seen.add(last)
      return (groups.get(last)?.members ?? []).map((next) => [...way, next.name])
    })
  }
  return undefined
}
