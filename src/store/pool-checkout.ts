import { EventEmitter } from 'node:events'

import { StoreUnreachableError } from './errors.ts'
import type { ListenHub } from './listen-hub.ts'

/** What a query answers, as far as anybody here looks at it. */
export interface Rows<R> {
  readonly rows: R[]
  readonly rowCount: number | null
}

/** What BullMQ takes for a client of a pool; it holds no connection. */
export interface Checkout extends EventEmitter {
  query(text: string, values?: unknown[]): Promise<Rows<unknown>>
  release(): void
}

interface CheckoutSource {
  readonly hub: ListenHub
  readonly location: string
  query(text: string, values?: unknown[]): Promise<Rows<unknown>>
}

/** BullMQ's SQL files begin with comments, so the statement may begin on a later line. */
const LISTEN = /^\s*LISTEN\s+"?(\w+)/im
const BEGIN = /^\s*(BEGIN|START)\b/im
const SCHEMA_CHECK = /FROM\s+"\w+"\.migration\b/i

/**
 * Makes a checkout for BullMQ, which asks for two per object: one to check the schema, one to
 * listen. Any number of them shares the hub's one connection.
 *
 * The schema check is answered here, since BullMQ keeps its first answer for ever, a refusal
 * included; the pool's preparations check in its place, whenever the server can be asked.
 */
export function createCheckout(source: CheckoutSource): Checkout {
  const { hub, location } = source
  const emitter = new EventEmitter()
  let queue: string | undefined
  let stop: (() => void) | undefined
  let isReleased = false
  emitter.on('error', () => undefined)

  async function listen(channel: string): Promise<void> {
    const stopListening = await hub.listen(channel, {
      hear(payload) {
        if (queue === undefined || queue === payload) {
          emitter.emit('notification', { channel, payload })
        }
      },
      lost() {
        emitter.emit('error', new StoreUnreachableError(location, new Error('connection lost')))
      },
    })
    stop?.()
    if (isReleased) stopListening()
    else stop = stopListening
  }

  return Object.assign(emitter, {
    async query(text: string, values?: unknown[]): Promise<Rows<unknown>> {
      const channel = LISTEN.exec(text)?.[1]
      if (channel !== undefined) {
        await listen(channel)
        return NOTHING
      }
      if (text.includes('application_name')) {
        // BullMQ names its listening connection after its queue, and so tells us which one it is.
        queue = String(values?.[0]).split(':')[0]
        return NOTHING
      }
      if (SCHEMA_CHECK.test(text)) return COMPATIBLE
      if (BEGIN.test(text)) throw new Error('a checkout holds no session to begin a transaction in')
      return source.query(text, values)
    },
    release() {
      isReleased = true
      stop?.()
      emitter.removeAllListeners()
      emitter.on('error', () => undefined)
    },
  })
}

const NOTHING: Rows<unknown> = { rows: [], rowCount: 0 }

const COMPATIBLE: Rows<unknown> = {
  rows: [{ server_version_num: '180000', server_version: 'checked by the pool' }],
  rowCount: 1,
}
