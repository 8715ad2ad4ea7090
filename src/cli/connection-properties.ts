import path from 'node:path'

import type { ConnectionOrigin } from '../connections/connection-origin.ts'
import type { ConnectionSummary } from '../connections/connection-summary.ts'
import { createConnections } from '../connections/connections.ts'
import { DEFAULT_PORTS } from '../connections/connection-manager.ts'
import { formatDuration } from '../duration.ts'

/** One property of a connection manager, for people and programs. */
export interface ShownProperty {
  /** Such as `limits.sessions`. */
  readonly property: string
  /** As people write it; undefined when there is none. */
  readonly value: string | number | boolean | undefined
  readonly default: boolean
  /** Where the value was written; undefined for a default. */
  readonly origin: string | undefined
}

type Values = ReadonlyMap<string, ShownProperty['value']>

/** Properties that have no value unless one is written. */
const OPTIONAL = [
  'from',
  'fromDomains',
  'redirectAll',
  'clientName',
  'provider',
  'tlsOptions.ca',
  'tlsOptions.cert',
  'tlsOptions.key',
  'tlsOptions.passphrase',
  'tlsOptions.fingerprint',
  'tlsOptions.serverName',
]

/** Every property of a connection manager, with its default marked; files are relative to `cwd`. */
export function propertiesOf(summary: ConnectionSummary, cwd: string): readonly ShownProperty[] {
  const { origin } = summary
  const values = valuesOf(summary)
  const defaults = defaultsFor(summary)
  for (const property of OPTIONAL) if (!values.has(property)) values.set(property, undefined)
  return [...values].map(([property, value]) => {
    const isDefault = defaults.has(property)
      ? defaults.get(property) === value
      : OPTIONAL.includes(property) && value === undefined
    return {
      property,
      value: isSpan(property) && typeof value === 'number' ? formatDuration(value) : value,
      default: isDefault,
      origin: isDefault ? undefined : describeOrigin(origin, cwd, property),
    }
  })
}

/** What a connection manager has that says no more than this one has to. */
function defaultsFor({ tls, server, tlsOptions: { legacy } }: ConnectionSummary): Values {
  const [plain] = createConnections({
    plain: { server, tlsOptions: { legacy } },
  }).connections.list()
  const values = valuesOf(plain ?? {})
  values.delete('server')
  values.set('tlsOptions.legacy', false)
  values.set('port', DEFAULT_PORTS[tls])
  values.set('auth.allowInsecureAuth', false)
  values.set('auth.mechanism', 'negotiate')
  values.set('auth.spnego', false)
  return values
}

/** Where a connection manager was written, or one `property` of it; files are relative to `cwd`. */
export function describeOrigin(origin: ConnectionOrigin, cwd: string, property?: string): string {
  const { override } = origin
  const isOverridden = override?.properties.some(
    (parent) => property === parent || property?.startsWith(`${parent}.`) === true,
  )
  if (override && isOverridden === true) return `environment ${override.environment}`
  if (origin.kind === 'variable') return `variable ${origin.variable}`
  return origin.kind === 'file' ? path.relative(cwd, origin.file) : 'code'
}

function isSpan(property: string): boolean {
  return property.startsWith('timeouts.')
}

function valuesOf(summary: Partial<ConnectionSummary>): Map<string, ShownProperty['value']> {
  const values = flatten({ ...summary, origin: undefined })
  values.delete('name')
  values.delete('origin')
  return values
}

function flatten(value: object, parent = ''): Map<string, ShownProperty['value']> {
  return new Map(
    Object.entries(value).flatMap(([key, inner]: [string, unknown]) => {
      const property = parent + key
      if (Array.isArray(inner)) return [[property, inner.join(', ')] as const]
      if (typeof inner === 'object' && inner !== null) return [...flatten(inner, `${property}.`)]
      return isShown(inner) ? [[property, inner] as const] : []
    }),
  )
}

function isShown(value: unknown): value is ShownProperty['value'] {
  return ['string', 'number', 'boolean', 'undefined'].includes(typeof value)
}
