import { readFileSync } from 'node:fs'

/** The kernel tells of processor time to user space in hundredths of a second. */
const MS_PER_TICK = 10

/**
 * Processor time that processes have had so far, in ms, with all that they have started: children
 * that live and those that ended and were waited for. Linux only.
 */
export function processorMs(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + ticksOf(pid), 0) * MS_PER_TICK
}

/** The resident memory of a process in MB, now or at most; undefined when it has children to do its work. */
export function residentMb(
  pids: readonly number[],
  which: 'VmRSS' | 'VmHWM' = 'VmRSS',
): number | undefined {
  const [pid] = pids
  if (pid === undefined || pids.length > 1 || childrenOf(pid).length > 0) return undefined
  const [, kb] =
    new RegExp(String.raw`^${which}:\s+(\d+) kB`, 'm').exec(read(`/proc/${pid}/status`)) ?? []
  return kb === undefined ? undefined : Number(kb) / 1024
}

function ticksOf(pid: number): number {
  // The second field is a name in brackets, which may hold anything; the third is the state.
  const fields = read(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ') ?? []
  const own = [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at] ?? 0), 0)
  return childrenOf(pid).reduce((sum, child) => sum + ticksOf(child), own)
}

function childrenOf(pid: number): readonly number[] {
  const children = read(`/proc/${pid}/task/${pid}/children`).split(' ')
  return children.filter(Boolean).map(Number)
}

/** Empty when the process has gone meanwhile. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
