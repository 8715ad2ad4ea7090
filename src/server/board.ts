import { createBullBoard } from '@bull-board/api'
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter'
import { FastifyAdapter } from '@bull-board/fastify'
import { fastify } from 'fastify'

import { unpackBodies } from '../job/packed-bodies.ts'
import { hideContent, hideData } from './board-content.ts'
import { keepToItself } from './loopback-page.ts'
import type { OpenServer } from './listen.ts'
import { listen } from './listen.ts'

/** BullMQ's own object for a queue, as bull-board wants it. */
export type BoardQueue = ConstructorParameters<typeof BullMQAdapter>[0]

export interface BoardOptions {
  /** `127.0.0.1` by default. */
  readonly host?: string
  /** 0 takes a free one. */
  readonly port: number
  /** By the name that jobs refer to; the board's owner closes them. */
  readonly queues: ReadonlyMap<string, BoardQueue>
  /** Whether messages, envelopes and addresses are shown; false by default. */
  readonly showContent?: boolean
}

export interface Board extends OpenServer {
  /** Shows these queues from now on. */
  show(queues: ReadonlyMap<string, BoardQueue>): void
}

/**
 * Opens bull-board: every queue, its jobs by state, and why jobs failed.
 *
 * It only reads: to retry or remove a job here would pass by the ledger, which is what keeps a
 * message from being sent twice. Pages hold at most 300 jobs, so that a long queue never blocks
 * the store. The page calls no other host.
 */
export async function openBoard(options: BoardOptions): Promise<Board> {
  const { host = '127.0.0.1', port, queues, showContent = false } = options
  const app = fastify({ forceCloseConnections: true })
  const serverAdapter = new FastifyAdapter()
  const board = createBullBoard({
    queues: adaptersOf(queues, showContent),
    serverAdapter,
    options: {
      uiConfig: {
        boardTitle: 'Mailroom',
        hideDocsLink: true,
        // Our workers share connections, so that the names bull-board looks for prove nothing.
        showWorkers: false,
        pollingInterval: { showSetting: true },
      },
      handlerHooks: {
        before: ({ method }) => ({ allow: method === 'get', status: 405 }),
        after: (_context, response) => (showContent ? response : hideContent(response)),
      },
    },
  })
  keepToItself(app, host)
  await app.register(serverAdapter.registerPlugin())
  const server = await listen(app, 'the dashboard', { host, port })
  return { ...server, show: (next) => board.replaceQueues(adaptersOf(next, showContent)) }
}

function adaptersOf(
  queues: ReadonlyMap<string, BoardQueue>,
  showContent: boolean,
): readonly BullMQAdapter[] {
  return [...queues].map(([name, queue]) => {
    const adapter = new BullMQAdapter(queue, { readOnlyMode: true, displayName: name })
    adapter.setFormatter('data', showContent ? unpackBodies : hideData)
    if (!showContent) {
      adapter.setFormatter('returnValue', hideData)
      adapter.setFormatter('progress', hideData)
    }
    return adapter
  })
}
