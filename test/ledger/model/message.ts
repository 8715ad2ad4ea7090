import type { MessageState } from '../../../src/ledger/ledger.ts'
import { GRAVEST_FIRST } from '../../../src/ledger/standing.ts'
import type { UncertainWay } from '../../../src/ledger/uncertain.ts'
import type { Planned } from './deed.ts'

/** A message as the model has it: what `src/ledger/redis/keys.ts` lists, without texts and times. */
export interface Message {
  state: MessageState
  /** One letter per recipient, as `src/ledger/standing.ts` has them. */
  standing: string
  /** That of the claim that holds; undefined when there is none, or it was lost to a decision. */
  fence: number | undefined
  /** The greatest that was ever given out; 0 when nobody has claimed it. */
  lastFence: number
  isClaimed: boolean
  digest: string | undefined
  key: string | undefined
  manager: string | undefined
  mark: { indices: readonly number[]; isOver: boolean; plan: Planned | undefined } | undefined
  /** Whose mark turned a recipient uncertain. */
  turnedBy: Record<number, number>
  plan: { way: UncertainWay; isDue: boolean } | undefined
  /** Somebody holds what is uncertain: nothing is planned for it. */
  isHeld: boolean
  resends: number
  attempts: number
  claims: number
  breaks: number
  isRescheduled: boolean
  isEarly: boolean
  /** What its timeline tells. */
  entries: string[]
  /** The settlements that its timeline has. */
  told: string[]
}

/** All messages, and the newest one of each `supersedes`. */
export interface World {
  readonly messages: Record<string, Message>
  readonly newest: Record<string, string>
}

/** A message that nobody has touched. */
export function newMessage(recipients: number): Message {
  return {
    state: 'queued',
    standing: 'p'.repeat(recipients),
    fence: undefined,
    lastFence: 0,
    isClaimed: false,
    digest: undefined,
    key: undefined,
    manager: undefined,
    mark: undefined,
    turnedBy: {},
    plan: undefined,
    isHeld: false,
    resends: 0,
    attempts: 0,
    claims: 0,
    breaks: 0,
    isRescheduled: false,
    isEarly: false,
    entries: ['accepted'],
    told: [],
  }
}

/** The state that follows from the recipients. */
export function overall(standing: string): MessageState {
  return GRAVEST_FIRST.find(([letter]) => standing.includes(letter))?.[1] ?? 'delivered'
}

export function isOpen({ state }: Message): boolean {
  return state === 'queued' || state === 'active' || state === 'deferred'
}

/** Not at an end, no final dot has left, and something is left to try. */
export function isUnsent(message: Message): boolean {
  return isOpen(message) && message.mark === undefined && /[pq]/.test(message.standing)
}

/** The message that took its place. */
export function newerThan(world: World, id: string): string | undefined {
  const key = world.messages[id]?.key
  const newest = key === undefined ? undefined : world.newest[key]
  return newest === id ? undefined : newest
}

/** Whoever holds the claim has lost it. */
export function withdraw(message: Message): void {
  message.fence = undefined
  message.isClaimed = true
  message.claims = 0
}

export function replaceAt(standing: string, index: number, letter: string): string {
  return standing.slice(0, index) + letter + standing.slice(index + 1)
}
