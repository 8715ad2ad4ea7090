import { needsContent } from '../ledger/content-need.ts'
import type { SweepContext } from './sweep-context.ts'
import { recordFor } from './sweep-record.ts'

/**
 * Removes content that no message needs: of one that ended, or that was never accepted.
 *
 * A message without a record may have a job all the same: the store has lost its last second, and a
 * worker that takes the job records it again.
 */
export async function sweepContent(context: SweepContext): Promise<number> {
  const { content, registry } = context
  const names = (await registry.list()).names.map(({ name }) => name)
  return content.sweep(async (id) => {
    const record = await recordFor(id, context)
    if (record === 'unreadable') return true
    return record === undefined ? hasJob(id, names, context) : needsContent(record.state)
  })
}

async function hasJob(
  id: string,
  names: readonly string[],
  { queues }: SweepContext,
): Promise<boolean> {
  for (const name of names) {
    const { gone } = await queues.findStray(name, [id])
    if (gone.length === 0) return true
  }
  return false
}
