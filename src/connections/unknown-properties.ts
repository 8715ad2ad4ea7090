/** Properties that have not been validated yet. */
export type UnknownProperties = Readonly<Record<string, unknown>>

/** Whether `value` is an object with properties, and no array. */
export function isProperties(value: unknown): value is UnknownProperties {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
