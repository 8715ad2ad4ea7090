import { parentPort, workerData } from 'node:worker_threads'

import { importModule } from './import-module.ts'

// The whole of this file runs in a thread of its own: `import-anew.ts` starts it.
parentPort?.postMessage(await importModule(String(workerData)), [])
