import { InvalidStoreLocationError } from './errors.ts'

/**
 * Throws `InvalidStoreLocationError` for a parameter that is not `known`, or is there twice: a
 * misspelt `sslmode` must not mean no TLS, and of two nobody knows which one counts.
 */
export function checkParameters(
  parameters: URLSearchParams,
  scheme: string,
  known: readonly string[],
): void {
  const names = [...parameters.keys()]
  if (!names.every((name) => known.includes(name))) {
    throw new InvalidStoreLocationError(
      `"${scheme}://" with a parameter that is none of ${known.join(', ')}`,
    )
  }
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) {
    throw new InvalidStoreLocationError(`"${scheme}://" with "${twice}" twice`)
  }
}
