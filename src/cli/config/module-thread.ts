import { parentPort, workerData } from 'node:worker_threads'

import type { FileLook } from '../../connections/file-look.ts'
import { importModule, type ImportedModule } from './import-module.ts'

/** What the thread tells, in this order. */
export type ThreadMessage =
  | { readonly kind: 'import'; readonly seen: FileLook }
  | { readonly kind: 'module'; readonly module: ImportedModule }

// The whole of this file runs in a thread of its own: `import-anew.ts` starts it.
const tell = (message: ThreadMessage): void => parentPort?.postMessage(message, [])
tell({
  kind: 'module',
  module: await importModule(String(workerData), (seen) => tell({ kind: 'import', seen })),
})
