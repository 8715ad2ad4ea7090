import { once } from 'node:events'

import { attachEmbedded } from '../../src/store/embedded/attach.ts'

// A process that uses an embedded store: attaches at once, leaves when told to.
const [directory = ''] = process.argv.slice(2)
const embedded = await attachEmbedded(directory)
const { port } = await embedded.parameters()
process.send?.({ kind: 'attached', port, hasStarted: embedded.hasStarted })
await once(process, 'message')
process.send?.({ kind: 'left', wasLast: await embedded.detach() })
process.disconnect()
