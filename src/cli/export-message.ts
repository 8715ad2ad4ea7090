import type { Connections } from '../connections/connections.ts'
import type { ContentStore } from '../content/content.ts'
import { parseJob } from '../job/parse-job.ts'
import type { MessageRecord } from '../ledger/ledger.ts'
import type { Queues } from '../queue/queues.ts'
import { composeWhole } from '../worker/whole-message.ts'
import { ContentGoneError } from './errors.ts'

/**
 * A message as it would be sent now, with the sender and the redirection of its connection manager.
 *
 * Throws `ContentGoneError` when its job is gone, `InvalidJobError` or
 * `UnsupportedJobVersionError` when it cannot be read, and `UnknownConnectionError`.
 */
export async function exportMessage(
  { id, connection, state }: MessageRecord,
  queues: Queues,
  connections: Connections,
  contents: ContentStore,
): Promise<Uint8Array> {
  const data = await queues.read(connection, id)
  if (data === undefined) throw new ContentGoneError(id, state)
  const parsed = parseJob(data)
  if (parsed.kind === 'unreadable') throw parsed.error
  const members = connections.members(connection)
  const from = members.find((manager) => manager.from !== undefined)?.from
  const redirectAll = members[0]?.redirectAll
  return composeWhole(parsed.job, { from, redirectAll }, contents)
}
