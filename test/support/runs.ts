import { readFile } from 'node:fs/promises'

/** Whether a process is at work: a zombie, which waits for its parent to notice, is not. */
export async function runs(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return !/\) Z /.test(stat)
}
