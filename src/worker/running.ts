/** One that runs, in a place of its own or behind another one whose place it takes over. */
export interface Turn {
  hasPlace: boolean
  isOver: boolean
  /** Whose place it gets, and who gets its own. */
  before: Turn | undefined
  heir: Turn | undefined
  /** Told when it gets a place. */
  onPlace: (() => void) | undefined
}

/** Counts what runs, to know when nothing does. */
export interface Running {
  /** Who runs `behind` another one has no place of its own before that one is over. */
  count<T>(run: (turn: Turn) => Promise<T>, behind?: Turn): Promise<T>
  /** How many places are taken. */
  readonly now: number
  /** Resolves when nothing runs, or when `signal` aborts. */
  none(signal: AbortSignal): Promise<void>
}

/**
 * Makes a counter; nothing runs at first. `onChange` is told how many places are taken whenever another
 * one is, and whenever one that ran is over, also when its place goes to its heir.
 */
export function createRunning(onChange: (now: number) => void): Running {
  const waiting = new Set<() => void>()
  let taken = 0
  return {
    get now() {
      return taken
    },
    count: async (run, behind) => {
      const turn = createTurn(behind)
      if (turn.hasPlace) {
        taken += 1
        onChange(taken)
      }
      try {
        return await run(turn)
      } finally {
        if (leave(turn)) taken -= 1
        onChange(taken)
        if (taken === 0) for (const tell of waiting) tell()
      }
    },
    none: (signal) => {
      if (taken === 0 || signal.aborted) return Promise.resolve()
      return new Promise((resolve) => {
        const tell = (): void => {
          waiting.delete(tell)
          signal.removeEventListener('abort', tell)
          resolve()
        }
        waiting.add(tell)
        signal.addEventListener('abort', tell)
      })
    },
  }
}

/** Waits until `turn` has a place, at most `withinMs` or until `signal` aborts; says whether it has one. */
export async function placed(turn: Turn, withinMs: number, signal: AbortSignal): Promise<boolean> {
  if (turn.hasPlace || signal.aborted) return turn.hasPlace
  const { promise, resolve } = Promise.withResolvers<void>()
  const giveUp = (): void => resolve()
  const timer = setTimeout(giveUp, withinMs)
  turn.onPlace = resolve
  signal.addEventListener('abort', giveUp)
  await promise
  clearTimeout(timer)
  signal.removeEventListener('abort', giveUp)
  return turn.hasPlace
}

function createTurn(behind: Turn | undefined): Turn {
  const isBehind = behind !== undefined && !behind.isOver && behind.heir === undefined
  const turn: Turn = {
    hasPlace: !isBehind,
    isOver: false,
    before: isBehind ? behind : undefined,
    heir: undefined,
    onPlace: undefined,
  }
  if (isBehind) behind.heir = turn
  return turn
}

/** Leaves its place to its heir, or what it was to get; true when there is a place that nobody has now. */
function leave(turn: Turn): boolean {
  const { before, heir, hasPlace } = turn
  turn.isOver = true
  if (heir !== undefined) heir.before = before
  if (before !== undefined) before.heir = heir
  if (!hasPlace) return false
  if (heir === undefined) return true
  heir.hasPlace = true
  heir.onPlace?.()
  return false
}
