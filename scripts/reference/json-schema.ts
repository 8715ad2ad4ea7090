import * as z from 'zod'

import { connectionManagerSchema } from '../../src/connections/connection-manager.ts'
import { managerGroupSchema } from '../../src/connections/manager-group.ts'
import { settingsSchema } from '../../src/connections/settings.ts'

type JsonSchema = Readonly<Record<string, unknown>>

/** The draft that editors know best. */
const DRAFT = 'http://json-schema.org/draft-07/schema#'

const GROUP_STRING: JsonSchema = {
  type: 'string',
  pattern: String.raw`^\s*([Ff]ailover|[Ww]eighted):`,
  description: 'Such as "failover:first,second?after=30s" or "weighted:big=3,small=1"',
}

const CONNECTION_STRING: JsonSchema = {
  type: 'string',
  minLength: 1,
  description:
    'A URL such as smtp://user:password@server, or a connection string of SSIS; properties beside it win',
}

/** The JSON Schema of configuration files, from the schemas that read them. */
export function configJsonSchema(): JsonSchema {
  const settings = propertiesOf(toJsonSchema(settingsSchema))
  const { $schema: _draft, ...group } = toJsonSchema(managerGroupSchema)
  const manager = propertiesOf(toJsonSchema(connectionManagerSchema))
  const properties = { connectionString: CONNECTION_STRING, ...manager }
  const connection = { type: 'object', additionalProperties: false, properties }
  return {
    $schema: DRAFT,
    title: 'Configuration of Mailroom',
    type: 'object',
    additionalProperties: false,
    properties: {
      $schema: { type: 'string', description: 'Where this schema is, for editors' },
      connections: {
        description: 'The connection managers, by the names that jobs refer to',
        ...byName({ $ref: '#/definitions/connection' }),
        default: {},
      },
      groups: {
        description: 'Names that stand for several connection managers; jobs refer to them alike',
        ...byName({ $ref: '#/definitions/group' }),
        default: {},
      },
      environments: {
        description: 'What is otherwise in an environment such as production, by its name',
        type: 'object',
        additionalProperties: { $ref: '#/definitions/environment' },
        default: {},
      },
      ...settings,
    },
    definitions: definitionsOf(connection, group, settings),
  }
}

function definitionsOf(
  connection: JsonSchema,
  group: JsonSchema,
  settings: Readonly<Record<string, JsonSchema>>,
): JsonSchema {
  return {
    connection: {
      description: 'A connection manager: a URL, a connection string of SSIS, or properties',
      anyOf: [
        CONNECTION_STRING,
        {
          ...connection,
          anyOf: [
            { required: ['server'] },
            { required: ['service'] },
            { required: ['connectionString'] },
          ],
        },
      ],
    },
    group: {
      description: 'A group of connection managers: a text, or properties',
      anyOf: [GROUP_STRING, group],
    },
    environment: {
      description: 'Properties that are otherwise; null takes one away',
      type: 'object',
      additionalProperties: false,
      properties: {
        connections: {
          description: 'Connection managers that are otherwise; null takes one away',
          ...byName({
            anyOf: [CONNECTION_STRING, overriding(connection), { type: 'null' }],
          }),
        },
        groups: {
          description: 'Groups that are otherwise; null takes one away',
          ...byName({ anyOf: [GROUP_STRING, overriding(group), { type: 'null' }] }),
        },
        ...Object.fromEntries(
          Object.entries(settings).map(([name, schema]) => [name, orNull(schema)]),
        ),
      },
    },
  }
}

function toJsonSchema(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, {
    io: 'input',
    target: 'draft-07',
    // A function, which no file can hold: what needs one is left out below.
    unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      // What is read-only for us is not so for those who write the file.
      delete jsonSchema.readOnly
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
      jsonSchema.oneOf &&= jsonSchema.oneOf.filter((one) => !needsFunction(one))
    },
  })
}

/** Logins whose tokens a function gives are for configurations in code. */
function needsFunction({ properties }: { readonly properties?: object }): boolean {
  return properties !== undefined && 'getToken' in properties
}

function propertiesOf({ properties }: JsonSchema): Readonly<Record<string, JsonSchema>> {
  return z.record(z.string(), z.record(z.string(), z.unknown())).parse(properties)
}

function byName(value: JsonSchema): JsonSchema {
  return {
    type: 'object',
    propertyNames: { minLength: 1, maxLength: 128 },
    additionalProperties: value,
  }
}

/** The same schema for some of its properties: what is not said comes from below. */
function overriding({ required: _required, default: _default, ...schema }: JsonSchema): JsonSchema {
  const { properties, oneOf, ...rest } = schema
  if (Array.isArray(oneOf)) return { ...rest, anyOf: oneOf.map(overriding) }
  if (properties === undefined) return schema
  const inner = Object.entries(propertiesOf(schema)).map(([name, one]) => [name, orNull(one)])
  return { ...rest, properties: Object.fromEntries(inner) }
}

function orNull(schema: JsonSchema): JsonSchema {
  const { description, ...rest } = overriding(schema)
  return { description, anyOf: [rest, { type: 'null' }] }
}
