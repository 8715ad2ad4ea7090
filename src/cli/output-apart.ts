/**
 * Runs `work` while what anybody prints on standard output goes to standard error: a configuration
 * is a program, and what it prints is no part of a command's result.
 */
export async function outputApart<T>(work: () => Promise<T>): Promise<T> {
  const { stdout, stderr } = process
  const own = Object.getOwnPropertyDescriptor(stdout, 'write')
  stdout.write = stderr.write.bind(stderr)
  try {
    return await work()
  } finally {
    if (own === undefined) Reflect.deleteProperty(stdout, 'write')
    else Object.defineProperty(stdout, 'write', own)
  }
}
