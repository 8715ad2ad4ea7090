import * as z from 'zod'

import { configJsonSchema } from './json-schema.ts'

/** As much of JSON Schema as the configuration's has. */
interface Shape {
  readonly description?: string | undefined
  readonly type?: string | readonly string[] | undefined
  readonly enum?: readonly unknown[] | undefined
  readonly const?: unknown
  readonly properties?: Readonly<Record<string, Shape>> | undefined
  readonly items?: Shape | undefined
  readonly oneOf?: readonly Shape[] | undefined
  readonly anyOf?: readonly Shape[] | undefined
}

const shapeSchema: z.ZodType<Shape> = z.lazy(() =>
  z.object({
    description: z.string().optional(),
    type: z.union([z.string(), z.array(z.string())]).optional(),
    enum: z.array(z.unknown()).optional(),
    const: z.unknown().optional(),
    properties: z.record(z.string(), shapeSchema).optional(),
    items: shapeSchema.optional(),
    oneOf: z.array(shapeSchema).optional(),
    anyOf: z.array(shapeSchema).optional(),
  }),
)

const documentSchema = z.object({
  properties: z.record(z.string(), shapeSchema),
  definitions: z.object({
    connection: z.object({ anyOf: z.array(shapeSchema) }),
    group: z.object({ anyOf: z.array(shapeSchema) }),
  }),
})

/** The page about every key of a configuration. */
export function configurationPage(): string {
  const { properties, definitions } = documentSchema.parse(configJsonSchema())
  const connection = definitions.connection.anyOf.find((shape) => shape.properties) ?? {}
  const kinds = definitions.group.anyOf.flatMap((shape) => shape.oneOf ?? [])
  return `# Configuration, key by key

[configuration.md](../configuration.md) tells where a configuration may be written, and
[connections.md](../connections.md) how connection managers belong together. Durations are numbers of
milliseconds or texts such as \`"30s"\`, \`"1h30m"\`. Editors know the same from \`mailroom.schema.json\`.

## Settings

${tableOf({ properties })}

## A connection manager

A text (a URL, or a connection string of SSIS) or an object with these keys:

${tableOf(connection)}

## A group

A text (such as \`failover:first,second?after=30s\` or \`weighted:big=3,small=1\`) or an object with these keys:

${kinds.map(tableOf).join('\n\n')}
`
}

function tableOf(shape: Shape): string {
  return ['| key | value | meaning |', '| --- | --- | --- |', ...rowsOf(shape, '')].join('\n')
}

/** One row for each key, nested ones behind the key that they belong to. */
function rowsOf({ properties = {} }: Shape, prefix: string): readonly string[] {
  return Object.entries(properties).flatMap(([key, shape]) => {
    const name = `${prefix}${key}`
    const row = `| \`${name}\` | ${valueOf(shape)} | ${cell(shape.description ?? '')} |`
    const variants = shape.oneOf ?? shape.anyOf ?? [shape]
    return [row, ...new Set(variants.flatMap((variant) => rowsOf(variant, `${name}.`)))]
  })
}

function valueOf(shape: Shape): string {
  if (shape.const !== undefined) return code(shape.const)
  if (shape.enum) return shape.enum.map(code).join(', ')
  const variants = shape.oneOf ?? shape.anyOf
  if (variants) return [...new Set(variants.map(valueOf))].join(' or ')
  if (shape.items) return `list of ${valueOf(shape.items)}`
  return [shape.type ?? 'object'].flat().join(' or ')
}

function code(value: unknown): string {
  return `\`${JSON.stringify(value)}\``
}

function cell(text: string): string {
  return text.replaceAll('|', String.raw`\|`).replaceAll(/\$\{[^}]*\}/g, (found) => `\`${found}\``)
}
