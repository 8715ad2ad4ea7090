import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { startChild } from './child.ts'
import type { Plan, Point } from './misdeeds.ts'
import type { FromServer, Reached, Taken, ToServer } from './talk.ts'

/** The misbehaving mail server, from outside. */
export interface ServerProcess extends AsyncDisposable {
  readonly port: number
  /** How many messages it has taken so far. */
  readonly taken: number
  /** How many transactions have begun and not ended, hanging ones included. */
  readonly busy: number
  /** Waits until a conversation is at `at`, which then waits for `goOn`; undefined: none came. */
  reached(at: Point, signal: AbortSignal): Promise<Reached | undefined>
  goOn(reached: Reached, takes: boolean): void
  /** How long its answers to messages take from now on, also those under way. */
  answerAfter(ms: number): void
  /** No more misdeeds from now on. */
  behave(): void
  /** What it has taken, from its append-only file. */
  book(): Promise<readonly Taken[]>
  /** How often it did which misdeed, as `close at mail`. */
  performed(): Promise<Readonly<Record<string, number>>>
}

export async function startServer(plan: Plan, folder: string): Promise<ServerProcess> {
  const file = join(folder, 'taken.jsonl')
  const child = startChild<FromServer>('server.ts', { plan, file })
  const listening = Promise.withResolvers<number>()
  const halts: { readonly at: Point; readonly resolve: (reached: Reached) => void }[] = []
  let report = Promise.withResolvers<Readonly<Record<string, number>>>()
  let taken = 0
  let busy = 0
  child.hear((message) => {
    switch (message.kind) {
      case 'listening':
        listening.resolve(message.port)
        break
      case 'taken':
        taken = message.total
        break
      case 'busy':
        busy = message.now
        break
      case 'report':
        report.resolve(message.performed)
        break
      case 'reached': {
        const place = halts.findIndex(({ at }) => at === message.at)
        halts.splice(place, 1)[0]?.resolve(message)
        break
      }
    }
  })
  const tell = (message: ToServer): void => child.tell(message)
  return {
    port: await listening.promise,
    get taken() {
      return taken
    },
    get busy() {
      return busy
    },
    reached: (at, signal) => {
      const { promise, resolve } = Promise.withResolvers<Reached | undefined>()
      if (signal.aborted) resolve(undefined)
      halts.push({ at, resolve })
      tell({ kind: 'halt', at })
      signal.addEventListener('abort', () => resolve(undefined))
      return promise
    },
    goOn: ({ id }, takes) => tell({ kind: 'go-on', id, takes }),
    answerAfter: (ms) => tell({ kind: 'answer-after', ms }),
    behave: () => tell({ kind: 'behave' }),
    book: async () => {
      const text = await readFile(file, 'utf8')
      return text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Taken)
    },
    performed: () => {
      report = Promise.withResolvers()
      tell({ kind: 'report' })
      return report.promise
    },
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  }
}
