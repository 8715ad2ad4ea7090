import { stateOf } from '../../../src/ledger/standing.ts'
import { claim } from './claiming.ts'
import type { Answer, Deed } from './deed.ts'
import { cancel, decide, reopen, reschedule, supersede } from './deciding.ts'
import { newMessage, type Message, type World } from './message.ts'
import { recipientsOf } from './perform.ts'
import { settle } from './settling.ts'

/**
 * What the contract of the ledger says: changes the world as the deed does, and answers as the ledger
 * has to. Of what the ledger answered it takes the fence alone.
 */
export function step(world: World, deed: Deed, answer: Answer): Answer {
  const { id } = deed
  const message = world.messages[id]
  switch (deed.kind) {
    case 'record':
      return record(world, deed)
    case 'claim':
      return claim(world, deed, answer)
    case 'mark':
      return mark(message, deed)
    case 'settle':
      return settle(message, deed.fence, deed.settlement)
    case 'reschedule':
      return reschedule(message, deed.isLater)
    case 'reopen':
      return reopen(message, deed.evenIfUncertain)
    case 'decide':
      return decide(message, deed.decision)
    case 'cancel':
      return cancel(message)
    case 'supersede':
      return supersede(world, id)
    case 'forget':
      if (message?.state === 'queued' && !message.isClaimed) delete world.messages[id]
      return undefined
    case 'removeHeld':
      if (!/^(?:uncertain|refused|expired)$/.test(message?.state ?? '')) return false
      delete world.messages[id]
      return true
    case 'noteRequeued':
      message?.entries.push('requeued')
      return undefined
    case 'history':
      return message?.entries
    case 'get':
      return message && seen(message)
  }
}

function record(world: World, deed: Extract<Deed, { readonly kind: 'record' }>): Answer {
  const { id, key, digest } = deed
  const known = world.messages[id]
  if (known === undefined) {
    world.messages[id] = { ...newMessage(recipientsOf(id).length), digest, key }
    const older = key === undefined ? undefined : world.newest[key]
    if (key !== undefined) world.newest[key] = id
    return older === undefined ? { kind: 'recorded' } : { kind: 'recorded', older }
  }
  known.digest ??= digest
  if (known.digest !== digest) return { kind: 'conflict' }
  const enqueueAgain = known.state === 'queued' && !known.isClaimed
  return { kind: 'known', state: known.state, enqueueAgain }
}

function mark(
  message: Message | undefined,
  { fence, indices, isOver, plan }: Extract<Deed, { readonly kind: 'mark' }>,
): boolean {
  const isTheirs = message?.state === 'active' && message.fence === fence
  if (!isTheirs || message.mark !== undefined) return false
  if (!indices.every((index) => /[pq]/.test(message.standing[index] ?? ''))) return false
  message.mark = { indices, isOver, plan }
  return true
}

function seen({ state, standing, attempts, claims, plan, isRescheduled }: Message): Answer {
  return {
    state,
    recipients: standing.split('').map(stateOf),
    attempts,
    claims,
    planned: plan?.way ?? null,
    isRescheduled,
  }
}
