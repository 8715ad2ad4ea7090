import type { ContentStore } from '../content/content.ts'
import { ContentDamagedError, ContentMissingError } from '../content/errors.ts'
import type { ContentRef } from '../job/content-ref.ts'
import { refsOf } from '../job/create-job.ts'
import type { SendMailJob } from '../job/send-mail.ts'
import { needsContent } from '../ledger/content-need.ts'
import type { MessageState } from '../ledger/ledger.ts'
import type { Spool, SpooledContent } from './spool.ts'

/** The content of one message, whole and verified, for as long as it is sent. */
export interface HeldContents extends Disposable {
  /** By its digest. */
  readonly of: ReadonlyMap<string, SpooledContent>
}

/** What came of taking a message's content. */
export type Taken =
  | { readonly kind: 'held'; readonly contents: HeldContents }
  /** It can never be sent as it was meant. */
  | { readonly kind: 'lost'; readonly why: 'missing' | 'damaged'; readonly sha256: string }
  /** Nobody can say now: the place of contents, or our own disk, fails. */
  | { readonly kind: 'away'; readonly error: unknown }

/** What a worker does with content beside the queue. */
export interface Contents {
  take(job: SendMailJob): Promise<Taken>
  /** Releases the content of a message that nobody sends any more, unless a person may want it again. */
  releaseWhenOver(job: SendMailJob, state: MessageState): Promise<void>
}

/** Takes content out of `store` through `spool`. A release that fails is told to `onFault`: a sweep follows. */
export function createContents(
  store: ContentStore,
  spool: Spool,
  onFault: (error: unknown) => void,
): Contents {
  /** The next one who sends the same content brings it back. */
  const verify = async (job: SendMailJob, sha256: string): Promise<void> => {
    const lost = refsOf(job).find((ref) => ref.sha256 === sha256)
    if (lost !== undefined) await store.verify(lost)
  }
  return {
    take: async (job) => {
      const taken = await take(refsOf(job), spool)
      if (taken.kind === 'lost') await verify(job, taken.sha256).catch(onFault)
      return taken
    },
    releaseWhenOver: async (job, state) => {
      if (needsContent(state) || refsOf(job).length === 0) return
      await store.release(job.id, job.digest).catch(onFault)
    },
  }
}

const NOTHING: Taken = { kind: 'held', contents: { of: new Map(), [Symbol.dispose]: () => {} } }

async function take(refs: readonly ContentRef[], spool: Spool): Promise<Taken> {
  if (refs.length === 0) return NOTHING
  const stack = new DisposableStack()
  const contents = new Map<string, SpooledContent>()
  try {
    for (const ref of refs) {
      if (contents.has(ref.sha256)) continue
      contents.set(ref.sha256, stack.use(await spool.take(ref)))
    }
    return {
      kind: 'held',
      contents: { of: contents, [Symbol.dispose]: () => stack.dispose() },
    }
  } catch (error) {
    stack.dispose()
    if (error instanceof ContentMissingError) {
      return { kind: 'lost', why: 'missing', sha256: error.sha256 }
    }
    if (error instanceof ContentDamagedError) {
      return { kind: 'lost', why: 'damaged', sha256: error.sha256 }
    }
    return { kind: 'away', error }
  }
}
