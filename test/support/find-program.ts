import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, join } from 'node:path'

/** The path of the first of `names` that can be run from PATH (or the folders given besides). */
export async function findProgram(
  names: readonly string[],
  besides: readonly string[] = [],
): Promise<string | undefined> {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...besides]
  for (const name of names) {
    for (const folder of folders.filter((candidate) => candidate !== '')) {
      const path = join(folder, name)
      const runs = await access(path, constants.X_OK).then(
        () => true,
        () => false,
      )
      if (runs) return path
    }
  }
  return undefined
}
