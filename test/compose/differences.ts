/** What two readings of the same message tell differently, and where. */
export interface Difference {
  readonly path: string
  readonly ours: unknown
  readonly theirs: unknown
}

/** All places where `ours` is not `theirs`, each as deep as it can be told. */
export function differencesOf(ours: unknown, theirs: unknown, path = ''): readonly Difference[] {
  if (ours === theirs) return []
  if (!isObject(ours) || !isObject(theirs)) return [{ path, ours, theirs }]
  return [...new Set([...Object.keys(ours), ...Object.keys(theirs)])].flatMap((key) =>
    differencesOf(ours[key], theirs[key], path === '' ? key : `${path}.${key}`),
  )
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
