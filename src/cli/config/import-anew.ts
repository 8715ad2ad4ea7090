import { once } from 'node:events'
import path from 'node:path'
import { Worker } from 'node:worker_threads'

import type { ImportedModule } from './import-module.ts'

const THREAD = new URL(`module-thread${path.extname(import.meta.url)}`, import.meta.url)

/**
 * Imports a module as it is on disk now, with everything that it imports, however often it was
 * imported before.
 *
 * It runs in a thread that ends with it. A query behind its name would read this one file anew, but
 * neither what it imports nor what is CommonJS, and each reading would stay in memory. Rejects with
 * what the module throws, and when its default export is more than data.
 */
export async function importAnew(
  file: string,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<ImportedModule> {
  const thread = new Worker(THREAD, { workerData: file, env: { ...env } })
  try {
    const ended = once(thread, 'exit', { signal }).then(() => {
      throw new Error('the module ended the process')
    })
    const [module]: ImportedModule[] = await Promise.race([
      once(thread, 'message', { signal }),
      ended,
    ])
    if (module === undefined) throw new Error('the module did not answer')
    return module
  } finally {
    await thread.terminate()
  }
}
