import { mkdir, utimes, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

import { isMissing } from './missing-file.ts'

/** How often a folder is made that others remove, because it is empty, this moment. */
const MAKES = 100

/** An empty file of this moment; its folder may go while it is made, when its last file goes. */
export async function touch(file: string): Promise<void> {
  for (let look = 1; ; look++) {
    try {
      await mkdir(dirname(file), { recursive: true, mode: 0o700 })
      await writeFile(file, '', { mode: 0o600 })
      const now = new Date()
      return await utimes(file, now, now)
    } catch (error) {
      if (!isMissing(error) || look === MAKES) throw error
    }
  }
}
