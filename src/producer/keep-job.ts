import type { CreatedJob } from '../job/create-job.ts'
import type { SharedBodies } from './body-memory.ts'
import type { OpenDesk } from './desk.ts'
import { keepContents, releaseRefused } from './keep-contents.ts'
import { isWithoutPlace, keepShared, mayGoWith } from './keep-shared.ts'

/** A job whose content is kept already, or will be when `ready` resolves. */
export type PreparedJob = Omit<CreatedJob, 'contents'> & {
  /** The job as it is to be written, when others share its bodies; asked right before that. */
  readonly ready?: () => Promise<PreparedJob>
}

/** Where contents are kept, and who may need them. */
export type KeepPlace = Pick<OpenDesk, 'contents' | 'store' | 'ledger'>

type Sources = Parameters<typeof keepContents>[0]

interface Kept {
  readonly prepared: PreparedJob
  /** Of the job, and of what was in memory and lies beside the queue now. */
  readonly bytes: number
}

interface Sharing {
  readonly shared: SharedBodies
  readonly sources: Sources
  /** The job with bodies of its own, under the same id. */
  readonly make: () => CreatedJob
}

/** Keeps the contents of a job, or nothing of them; the store is opened when there are some. */
export async function keepJob(
  { contents, ...prepared }: CreatedJob,
  sources: Sources,
  open: () => Promise<KeepPlace>,
): Promise<Kept> {
  const inMemory = contents.map(({ ref, bytes }) => ({ ref, read: () => [bytes] }))
  const all = [...sources, ...inMemory]
  if (all.length > 0) {
    const place = await open()
    try {
      await keepContents(all, prepared.job, place)
    } catch (error) {
      // What cannot be released now is swept later.
      await releaseRefused([prepared], [], place).catch(() => undefined)
      throw error
    }
  }
  const bytes = inMemory.reduce((sum, { ref }) => sum + ref.bytes, prepared.bytes)
  return { prepared, bytes }
}

/** Keeps the bodies that a job shares before the rest of its contents, or has it hold them itself. */
export async function keepSharing(
  created: CreatedJob,
  { shared, sources, make }: Sharing,
  place: KeepPlace,
): Promise<Kept> {
  const open = (): Promise<KeepPlace> => Promise.resolve(place)
  const answer = await keepShared(shared, created.job, place)
  if (answer === 'no-place') return keepJob(make(), sources, open)
  const alone = answer.kept?.catch(async (error: unknown) => {
    if (!isWithoutPlace(error)) {
      mayGoWith(shared)
      throw error
    }
    shared.place = 'none'
    return (await keepJob(make(), [], open)).prepared
  })
  // Whoever writes the job waits for it as well, and hears of its fault then.
  alone?.catch(() => undefined)
  // What is released because the rest has no place must not be put after that.
  if (sources.length + created.contents.length > 0) await alone
  try {
    const { prepared, bytes } = await keepJob(created, sources, open)
    const ready = async (): Promise<PreparedJob> => {
      mayGoWith(shared)
      return (await alone) ?? prepared
    }
    return { prepared: { ...prepared, ready }, bytes }
  } catch (error) {
    mayGoWith(shared)
    if (!isWithoutPlace(error)) throw error
    // It was released: where the bodies were there may be room for the rest.
    return keepJob(make(), sources, open)
  }
}
