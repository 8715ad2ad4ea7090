import { isMailroomError } from '../errors.ts'
import { issueOf, issuesOf } from './configuration-issue.ts'
import type { ConfigurationIssue } from './configuration-issue.ts'
import { connectionManagerSchema, KNOWN_PROPERTIES } from './connection-manager.ts'
import type { ConnectionManager, ConnectionManagerInput } from './connection-manager.ts'
import { isConnectionUrl, parseConnectionUrl } from './connection-url.ts'
import { expandConnectionString } from './expand-connection-string.ts'
import { expandService, withTokenUrl } from './service.ts'
import type { Service } from './service.ts'
import { isProperties } from './unknown-properties.ts'
import type { UnknownProperties } from './unknown-properties.ts'

/** The properties of a connection manager; its name is that under which it is filed. */
export type ConnectionProperties = Omit<ConnectionManagerInput, 'name'> & { readonly name?: string }

/** Properties beside a connection string or URL: they win over what it says. */
export type ConnectionStringAndProperties = Partial<ConnectionProperties> & {
  readonly connectionString: string
}

/** Properties of a mail service that is known: they win over what it says. */
export type ServiceAndProperties = Partial<ConnectionProperties> & { readonly service: Service }

/** A connection manager as it may be given: a connection string of SSIS, a URL, or properties. */
export type ConnectionDefinition =
  string | ConnectionProperties | ConnectionStringAndProperties | ServiceAndProperties

export type ParsedDefinition =
  | { readonly kind: 'valid'; readonly manager: ConnectionManager }
  | { readonly kind: 'invalid'; readonly issues: readonly ConfigurationIssue[] }

/** Stands in for a server that could not be read, so that the other properties are checked too. */
const PLACEHOLDER = { server: 'localhost' }

const MERGED = ['timeouts', 'limits', 'tlsOptions'] as const

/** Reads the connection manager called `name`, or tells everything that is wrong with it. */
export function parseDefinition(
  name: string,
  definition: unknown,
  path: readonly PropertyKey[],
): ParsedDefinition {
  if (typeof definition === 'string') return parseProperties(name, {}, definition, path, path)
  if (!isProperties(definition)) {
    const message = 'expected a connection string, a URL or properties'
    return { kind: 'invalid', issues: [{ path, code: 'INVALID_VALUE', message }] }
  }
  const { connectionString, ...properties } = definition
  return parseProperties(name, properties, connectionString, path, [...path, 'connectionString'])
}

/** `definition` as properties alone where its connection string can be read, else as it is. */
export function expandDefinition(definition: unknown): UnknownProperties {
  const given = typeof definition === 'string' ? { connectionString: definition } : definition
  if (!isProperties(given)) return {}
  const { connectionString, ...properties } = given
  const expanded = expand(connectionString, properties, [])
  return expanded.kind === 'valid' ? merge(expanded.properties, properties) : given
}

function parseProperties(
  name: string,
  properties: UnknownProperties,
  connectionString: unknown,
  path: readonly PropertyKey[],
  stringPath: readonly PropertyKey[],
): ParsedDefinition {
  const expanded = expand(connectionString, properties, stringPath)
  const base = expanded.kind === 'valid' ? expanded.properties : PLACEHOLDER
  const given = merge(base, properties)
  const parsed = connectionManagerSchema.safeParse(
    { ...withTokenUrl(merge(expandService(given), given)), name },
    { reportInput: true },
  )
  const issues = [
    ...(expanded.kind === 'valid' ? [] : [expanded.issue]),
    ...nameIssues(name, properties['name'], path),
    ...(parsed.success ? [] : issuesOf(parsed.error, path, KNOWN_PROPERTIES)),
  ]
  return parsed.success && issues.length === 0
    ? { kind: 'valid', manager: parsed.data }
    : { kind: 'invalid', issues }
}

type Expanded =
  | { readonly kind: 'valid'; readonly properties: UnknownProperties }
  | { readonly kind: 'invalid'; readonly issue: ConfigurationIssue }

function expand(text: unknown, given: UnknownProperties, path: readonly PropertyKey[]): Expanded {
  if (text === undefined) return { kind: 'valid', properties: {} }
  if (typeof text !== 'string') {
    const message = 'expected a connection string or a URL'
    return { kind: 'invalid', issue: { path, code: 'INVALID_VALUE', message } }
  }
  try {
    const properties = isConnectionUrl(text)
      ? parseConnectionUrl(text)
      : expandConnectionString(text, given)
    return { kind: 'valid', properties }
  } catch (error) {
    if (!isMailroomError(error)) throw error
    return { kind: 'invalid', issue: issueOf(error, path) }
  }
}

/**
 * What `given` says over what `base` says; groups of properties are merged, `auth` is replaced, and
 * `undefined`, such as a variable that is not set, says nothing.
 */
function merge(base: UnknownProperties, given: UnknownProperties): UnknownProperties {
  const groups = MERGED.flatMap((key) => {
    const [inner, outer] = [base[key], given[key]]
    return isProperties(inner) && isProperties(outer) ? [[key, layOver(inner, outer)] as const] : []
  })
  return { ...layOver(base, given), ...Object.fromEntries(groups) }
}

function layOver(base: UnknownProperties, given: UnknownProperties): UnknownProperties {
  const said = Object.entries(given).filter(
    ([key, value]) => value !== undefined || !Object.hasOwn(base, key),
  )
  return { ...base, ...Object.fromEntries(said) }
}

function nameIssues(
  name: string,
  given: unknown,
  path: readonly PropertyKey[],
): readonly ConfigurationIssue[] {
  if (given === undefined || given === name) return []
  const message = `expected ${JSON.stringify(name)}, under which it is filed: leave \`name\` out`
  return [{ path: [...path, 'name'], code: 'INVALID_VALUE', message }]
}
