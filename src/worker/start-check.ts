import type { Circuit } from '../fleet/circuit.ts'

/** Finds out at the start, also without mail, whether a manager can be used; then it is over. */
export interface StartCheck {
  /** Whether it is not known yet: a session is wanted that no mail may need. */
  readonly isPending: boolean
  /** Something may be known by now, or there may be a session to ask with. */
  look(): void
  close(): void
}

export interface StartCheckOptions {
  readonly isWanted: boolean
  readonly circuit: () => Circuit
  readonly mayAsk: () => boolean
  /** Logs in, when no other session of the fleet does. */
  readonly ask: () => Promise<unknown>
  /** It can be used; that it cannot is told by others. */
  readonly onWorks: () => void
  readonly onOver: () => void
  readonly onFault: (error: unknown) => void
}

/** How often it is looked whether whoever asks has given up without a word. */
const AGAIN_MS = 1_000

/** Makes the check of one manager in one worker; nothing happens before the first look. */
export function createStartCheck(options: StartCheckOptions): StartCheck {
  const { circuit, mayAsk, ask, onWorks, onOver, onFault } = options
  let isPending = options.isWanted
  let isAsking = false
  let timer: NodeJS.Timeout | undefined

  const close = (): void => {
    isPending = false
    clearTimeout(timer)
  }
  /** Whether it is known by now; then it is over. */
  const isKnown = (): boolean => {
    const { state } = circuit()
    if (state !== 'closed' && state !== 'open') return false
    close()
    if (state === 'closed') onWorks()
    onOver()
    return true
  }
  const lookLater = (): void => {
    clearTimeout(timer)
    timer = setTimeout(look, AGAIN_MS)
  }
  const askNow = async (): Promise<void> => {
    isAsking = true
    await ask().catch(onFault)
    isAsking = false
    if (isPending && !isKnown()) lookLater()
  }
  function look(): void {
    if (!isPending || isKnown() || isAsking) return
    // A circuit that was open before is asked by whoever is parked.
    if (circuit().state === 'unknown' && mayAsk()) void askNow()
    else lookLater()
  }
  return {
    get isPending() {
      return isPending
    },
    look,
    close,
  }
}
