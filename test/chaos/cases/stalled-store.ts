import type { StallProxy } from '../stall-proxy.ts'
import { LOCK_MS, type Machine } from '../machine.ts'
import type { ChaosCase, DriveOptions } from '../run-case.ts'

const BEHIND_PROXY = ['redis', 'postgres'] as const

/** Nothing comes through between the workers and their store, for longer than their locks last. */
export const STALLED_STORE: ChaosCase = {
  name: 'store unreachable for longer than the lock',
  stores: BEHIND_PROXY,
  proxied: 'all',
  drive: (machine, options) => interrupt(machine, options, (proxy) => proxy.stall()),
}

/** The same with connections that end. */
export const CUT_STORE: ChaosCase = {
  name: 'connections to the store cut, for longer than the lock',
  stores: BEHIND_PROXY,
  proxied: 'all',
  drive: (machine, options) => interrupt(machine, options, (proxy) => proxy.cut()),
}

/** The others reach the store, and take what the first one cannot let go of. */
export const STALLED_FOR_ONE: ChaosCase = {
  name: 'store unreachable for one worker only',
  stores: BEHIND_PROXY,
  proxied: 'first',
  fate: 'in doubt',
  // So short that some are uncertain before it can say what became of them.
  relay: { timeouts: { dot: '1500ms' } },
  drive: (machine, options) => interrupt(machine, options, (proxy) => proxy.stall()),
}

async function interrupt(
  { server, proxy, until, rest, count }: Machine,
  { times }: DriveOptions,
  cut: (proxy: StallProxy) => void,
): Promise<number> {
  server.answerAfter(100)
  for (let turn = 0; turn < times; turn += 1) {
    const share = (turn + 0.5) / times
    if (!(await until(() => server.taken >= Math.floor(count * share * 0.5)))) return turn
    cut(proxy)
    await rest(LOCK_MS * 2)
    proxy.resume()
  }
  return times
}
