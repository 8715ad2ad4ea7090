import { AsyncLocalStorage } from 'node:async_hooks'

import type { PoolClient, QueryResult } from 'pg'

import type { Connections } from './connection-pools.ts'
import { TransactionRolledBackError } from './errors.ts'

/** A transaction that is under way in this asynchronous context. */
export interface Transaction {
  query(text: string, values?: unknown[]): Promise<QueryResult>
}

export interface Transactions {
  /** The transaction of this asynchronous context; none once it has ended. */
  current(): Transaction | undefined
  /** Runs `work` in a transaction; within another one it joins that. */
  run<T>(work: () => Promise<T>): Promise<T>
  /** Runs `work` outside of any transaction. */
  outside<T>(work: () => T): T
}

interface OpenTransaction extends Transaction {
  /** A queue, worker or stray promise born inside keeps the context: it must not write on. */
  isOpen: boolean
}

/** Makes transactions that follow the asynchronous context, each on a connection of its own. */
export function createTransactions(
  connections: Pick<Connections, 'hold'>,
  location: string,
): Transactions {
  const storage = new AsyncLocalStorage<OpenTransaction>()

  function current(): OpenTransaction | undefined {
    const transaction = storage.getStore()
    return transaction?.isOpen === true ? transaction : undefined
  }

  async function begin<T>(
    work: () => Promise<T>,
    client: PoolClient,
    broken: (error: Error) => void,
  ): Promise<T> {
    const transaction = createTransaction(client)
    try {
      await transaction.query('BEGIN')
      const result = await storage.run(transaction, work)
      transaction.isOpen = false
      const { command } = await transaction.query('COMMIT')
      if (command !== 'COMMIT') throw new TransactionRolledBackError(location)
      return result
    } catch (error) {
      transaction.isOpen = false
      await transaction.query('ROLLBACK').catch((cause: unknown) => {
        broken(new Error('the rollback failed', { cause }))
      })
      throw error
    }
  }

  return {
    current,
    run: (work) =>
      current() === undefined
        ? connections.hold((client, broken) => begin(work, client, broken))
        : work(),
    outside: (work) => storage.exit(work),
  }
}

/** One statement at a time: the client has one connection, and the work may run several at once. */
function createTransaction(client: PoolClient): OpenTransaction {
  let last: Promise<unknown> = Promise.resolve()
  return {
    isOpen: true,
    query(text, values) {
      const result = last.then(() => client.query(text, values))
      last = result.catch(() => undefined)
      return result
    },
  }
}
