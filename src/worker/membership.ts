import { openContent } from '../content/open.ts'
import { openPresence, type PresenceOptions } from './presence.ts'
import type { SweepContext } from './sweep-context.ts'
import { openSweeper, SWEEP_DEFAULTS, type SweeperOptions } from './sweeper.ts'
import type { WorkerOptions } from './worker.ts'

interface MembershipContext
  extends
    Omit<PresenceOptions, 'id'>,
    Pick<SweeperOptions, 'store'>,
    Omit<SweepContext, 'content' | 'goOn' | keyof typeof SWEEP_DEFAULTS> {}

/** What a worker does for all: it shows that it lives, and sweeps when it has the turn. */
export async function joinFleet(
  context: MembershipContext,
  { content, sweep, retentionMs }: Pick<WorkerOptions, 'content' | 'sweep' | 'retentionMs'>,
): Promise<AsyncDisposable> {
  await using joined = new AsyncDisposableStack()
  const presence = await openPresence({ ...context, id: context.worker })
  joined.defer(() => presence.close())
  const sweeper = openSweeper({
    ...SWEEP_DEFAULTS,
    ...context,
    content: openContent(context.store, content),
    ...(retentionMs !== undefined && { retentionMs }),
    ...sweep,
  })
  joined.defer(() => sweeper.close())
  return joined.move()
}
