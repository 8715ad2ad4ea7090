import path from 'node:path'
import { Worker } from 'node:worker_threads'

import type { FileLook } from '../../connections/file-look.ts'
import type { ImportedModule } from './import-module.ts'
import type { ThreadMessage } from './module-thread.ts'

const THREAD = new URL(`module-thread${path.extname(import.meta.url)}`, import.meta.url)

/**
 * Imports a module as it is on disk now, with everything that it imports, however often it was
 * imported before.
 *
 * It runs in a thread that ends with it. A query behind its name would read this one file anew, but
 * neither what it imports nor what is CommonJS, and each reading would stay in memory. Rejects with
 * what the module throws, and when its default export is more than data; `onImport` has heard of all
 * files that it imports by then.
 */
export async function importAnew(
  file: string,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
  onImport: (seen: FileLook) => void = () => {},
): Promise<ImportedModule> {
  const thread = new Worker(THREAD, { workerData: file, env: { ...env } })
  const ended = Promise.withResolvers<ImportedModule>()
  thread.on('message', (message: ThreadMessage) => {
    if (message.kind === 'module') ended.resolve(message.module)
    else onImport(message.seen)
  })
  thread.on('error', ended.reject)
  thread.on('exit', () => ended.reject(new Error('the module ended the process')))
  const onAbort = (): void => ended.reject(signal.reason)
  signal.addEventListener('abort', onAbort)
  try {
    return await ended.promise
  } finally {
    signal.removeEventListener('abort', onAbort)
    await thread.terminate()
  }
}
