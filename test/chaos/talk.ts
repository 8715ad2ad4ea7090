import type { Point } from './misdeeds.ts'

/** A message that the server has taken: it had the whole body and decided to answer 250. */
export interface Taken {
  /** The number that the message has in this run, from its recipient. */
  readonly number: number
  readonly messageId: string
  readonly client: string
}

/** A conversation that waits at a point until it is told to go on. */
export interface Reached {
  readonly kind: 'reached'
  readonly id: number
  readonly at: Point
  /** What the client called itself; absent before EHLO. */
  readonly client?: string
  readonly number?: number
}

/** What the server tells the harness. `performed` counts misdeeds, as `close at mail`. */
export type FromServer =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'taken'; readonly total: number }
  /** How many transactions have begun and not ended, hanging ones included. */
  | { readonly kind: 'busy'; readonly now: number }
  | Reached
  | { readonly kind: 'report'; readonly performed: Readonly<Record<string, number>> }

/** What the harness tells the server. `takes` is what it does with a whole body. */
export type ToServer =
  | { readonly kind: 'halt'; readonly at: Point }
  | { readonly kind: 'go-on'; readonly id: number; readonly takes: boolean }
  | { readonly kind: 'answer-after'; readonly ms: number }
  /** No more misdeeds. */
  | { readonly kind: 'behave' }
  | { readonly kind: 'report' }
