import { statSync, type BigIntStats } from 'node:fs'
import { stat } from 'node:fs/promises'

/** A file, and a text that changes whenever its content, or the file behind a link, may have changed. */
export interface FileLook {
  readonly file: string
  readonly look: string
}

/** How files look, by their paths; undefined where nobody knows. */
export type Looks = ReadonlyMap<string, string | undefined>

/** Looks at a file, which need not be there. */
export async function lookAtFile(file: string): Promise<FileLook> {
  try {
    return { file, look: describe(await stat(file, { bigint: true })) }
  } catch {
    return { file, look: MISSING }
  }
}

/** The same for whoever cannot wait, in the middle of an import. */
export function lookAtFileNow(file: string): FileLook {
  try {
    return { file, look: describe(statSync(file, { bigint: true })) }
  } catch {
    return { file, look: MISSING }
  }
}

const MISSING = 'not there'

function describe({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
}
