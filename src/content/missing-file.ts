/** What `work` answers, or `otherwise` when a file or directory that it needs is not there. */
export async function unlessMissing<T, Other>(
  work: Promise<T>,
  otherwise: Other,
): Promise<T | Other> {
  try {
    return await work
  } catch (error) {
    if (isMissing(error)) return otherwise
    throw error
  }
}

/** Whether `error` says that a file or directory is not there. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
