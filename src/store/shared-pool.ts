import { Client } from 'pg'
import type { ClientConfig, QueryResult } from 'pg'

import { openConnectionPools, type ConnectionPools } from './connection-pools.ts'
import { createListenHub } from './listen-hub.ts'
import type { ListenHub } from './listen-hub.ts'
import { lookaheadInstead } from './lookahead.ts'
import { isLostConnection } from './lost-connection.ts'
import { createCheckout } from './pool-checkout.ts'
import type { Checkout, Rows } from './pool-checkout.ts'
import { NO_ENVIRONMENT } from './postgres-parameters.ts'
import { preparingStatements } from './prepared-statements.ts'
import { createPreparations, type Preparations } from './preparations.ts'
import type { MigrationPlan, PlannedChange, Preparation, PreparationLock } from './preparations.ts'
import { translateStoreError } from './refusal.ts'
import { createTransactions, type Transactions } from './transaction.ts'

export interface SharedPoolOptions {
  /** Safe for printing; errors name it. */
  readonly location: string
  /** Asked at the start and after each lost connection: an embedded server may come back elsewhere. */
  readonly parameters: () => Promise<ClientConfig>
  /** Most connections besides the one that listens; 12 by default, two of them for what is prompt. */
  readonly maxConnections?: number
  /** How long a connection may take to come up; 5,000 by default. */
  readonly connectTimeoutMs?: number
  /** How long a statement may wait for a connection that is free; 30,000 by default. */
  readonly patienceMs?: number
  /** How long a statement may stay without an answer; 30,000 by default. */
  readonly queryTimeoutMs?: number
  /** Has steps only say what they would change; by default they run. */
  readonly plansOnly?: boolean
  /** What preparations of several processes take turns under; no lock by default. */
  readonly preparationLock?: Omit<PreparationLock, 'location'>
  /** Faults that no caller hears of: idle connections that drop, the listening one above all. */
  readonly onError: (error: unknown) => void
}

/**
 * The one pool of a process, and what BullMQ gets as its `Pool`.
 *
 * However many queues and workers use it, it holds `maxConnections` and one that listens. Lost
 * connections become `StoreUnreachableError`, which BullMQ waits on; a wrong password becomes
 * `StoreRefusedError`. A statement inside `transaction` runs on that transaction's client.
 */
export interface SharedPool {
  /** BullMQ reads it: notifications of a dead connection do not go unnoticed for long. */
  readonly options: { readonly keepAlive: true }
  query<R = Record<string, unknown>>(text: string, values?: unknown[]): Promise<Rows<R>>
  /**
   * Asks outside of any transaction, on connections that are kept for it: for what others take for a
   * sign of life, such as leases, health and the clock.
   */
  promptly<R = Record<string, unknown>>(text: string, values?: unknown[]): Promise<Rows<R>>
  transaction<T>(work: () => Promise<T>): Promise<T>
  /** Whether a transaction surrounds the call. */
  isInTransaction(): boolean
  /** Runs `work` outside of the transaction that surrounds the call, if any. */
  outside<T>(work: () => T): T
  /** Runs `work` on a connection of its own, where session state such as locks may live. */
  session<T>(work: (client: Client) => Promise<T>): Promise<T>
  /**
   * Adds a step to what must have succeeded before any other statement. The step runs at the next
   * statement, on a connection of its own, and again at the one after it while it fails. `plan`
   * tells beforehand what it will change.
   */
  prepare(step: Preparation, plan: MigrationPlan): void
  /** What the steps changed so far, or would change in a pool that only plans. */
  changes(): readonly PlannedChange[]
  /** Hears `channel`, also after the connection was lost. Call the answer to stop. */
  listen(channel: string, hear: (payload: string) => void): Promise<() => void>
  close(): Promise<void>
  /** For BullMQ only: a checkout that holds no connection. */
  connect(): Promise<Checkout>
  /** For BullMQ only: does nothing, `close` is the owner's. */
  end(): Promise<void>
  /** For BullMQ only: faults of idle connections are reported once, not once per queue. */
  on(): SharedPool
  removeAllListeners(): SharedPool
}

/** BullMQ's statement that prolongs the locks of jobs: a late one has them taken for abandoned. */
const PROLONGS = 'SET locked_until_ms = '

/** Opens the pool. Connects on the first statement; never rejects because a server is down. */
export async function openSharedPool(options: SharedPoolOptions): Promise<SharedPool> {
  const settings = settingsOf(options)
  let isClosed = false
  const translate = (error: unknown): unknown => {
    if (isLostConnection(error) && !isClosed) void refresh()
    return translateStoreError(options.location, error)
  }
  const report = (error: unknown): void => {
    // A server may see its connections end only after it was told to stop.
    if (!isClosed) options.onError(translate(error))
  }
  const pools = openConnectionPools({
    settings: { ...settings, ...(await options.parameters()) },
    maxConnections: options.maxConnections ?? 12,
    patienceMs: options.patienceMs ?? 30_000,
    report,
  })

  let refreshing: Promise<void> | undefined
  async function refresh(): Promise<void> {
    refreshing ??= options
      .parameters()
      .then((parameters) => pools.use(parameters))
      .catch(report)
      .finally(() => (refreshing = undefined))
    await refreshing
  }

  const connectClient = async (overrides: ClientConfig): Promise<Client> => {
    const client = new Client({ ...settings, ...overrides, ...(await options.parameters()) })
    client.on('error', () => undefined)
    try {
      await client.connect()
      return client
    } catch (error) {
      await client.end().catch(() => undefined)
      throw translate(error)
    }
  }
  const hub = createListenHub(() => connectClient({ application_name: 'mailroom listens' }), report)
  const close = async (): Promise<void> => {
    isClosed = true
    await hub.close()
    await pools.end()
  }
  return assemble(options, pools, { hub, connectClient, translate, close })
}

interface Parts {
  readonly hub: ListenHub
  readonly connectClient: (overrides: ClientConfig) => Promise<Client>
  readonly translate: (error: unknown) => unknown
  readonly close: () => Promise<void>
}

function assemble(
  { location, preparationLock, plansOnly = false }: SharedPoolOptions,
  pools: ConnectionPools,
  { hub, connectClient, translate, close }: Parts,
): SharedPool {
  const transactions = createTransactions(pools.main, location)
  const steps = createPreparations({
    session: (work) => session(work),
    lock: preparationLock && { ...preparationLock, location },
    plansOnly,
  })

  async function session<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const client = await connectClient({ query_timeout: 0 })
    try {
      return await work(client)
    } catch (error) {
      throw translate(error)
    } finally {
      await client.end().catch(() => undefined)
    }
  }

  const { query, promptly, ready } = askingOf(pools, transactions, steps, translate)
  const shared: SharedPool = {
    options: { keepAlive: true },
    query,
    promptly,
    session,
    prepare: (step, plan) => steps.add(step, plan),
    changes: () => steps.changes(),
    isInTransaction: () => transactions.current() !== undefined,
    outside: (work) => transactions.outside(work),
    async transaction(work) {
      try {
        await ready()
        return await transactions.run(work)
      } catch (error) {
        throw translate(error)
      }
    },
    listen: (channel, hear) => hub.listen(channel, { hear }),
    connect: () => Promise.resolve(createCheckout({ hub, location, query })),
    end: () => Promise.resolve(),
    on: () => shared,
    removeAllListeners: () => shared,
    close,
  }
  return shared
}

type Asking = Pick<SharedPool, 'query' | 'promptly'> & { readonly ready: () => Promise<void> }

function askingOf(
  pools: ConnectionPools,
  transactions: Transactions,
  steps: Preparations,
  translate: Parts['translate'],
): Asking {
  const ask = preparingStatements((statement) => pools.main.query(statement))
  const askPromptly = preparingStatements((statement) => pools.prompt.query(statement))
  const ready = async (): Promise<void> => {
    if (steps.isPending()) await steps.run()
  }
  return {
    ready,
    async query<R>(text: string, values?: unknown[]) {
      try {
        const transaction = transactions.current()
        if (transaction !== undefined) return rowsOf<R>(await transaction.query(text, values))
        if (steps.isPending()) await steps.run()
        return rowsOf<R>(await (text.includes(PROLONGS) ? askPromptly : ask)(text, values))
      } catch (error) {
        const instead = isLostConnection(error) ? lookaheadInstead<R>(text) : undefined
        if (instead !== undefined) return instead
        throw translate(error)
      }
    },
    async promptly(text, values) {
      try {
        await ready()
        return rowsOf(await askPromptly(text, values))
      } catch (error) {
        throw translate(error)
      }
    },
  }
}

/** The caller knows what its statement selects. */
function rowsOf<R>(result: QueryResult): Rows<R> {
  return result as Rows<R>
}

function settingsOf(options: SharedPoolOptions): ClientConfig {
  return {
    ...NO_ENVIRONMENT,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 5000,
    query_timeout: options.queryTimeoutMs ?? 30_000,
    application_name: 'mailroom',
  }
}
