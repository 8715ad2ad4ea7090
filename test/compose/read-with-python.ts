import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

/** What Python's email package finds in a message. */
export interface Reading {
  /** In their order; decoded, those with mailboxes as names and addresses. */
  readonly headers: readonly (readonly [
    name: string,
    value: string | readonly (readonly [name: string, address: string])[],
  ])[]
  readonly body: PartReading
}

export interface PartReading {
  readonly type: string
  readonly encoding: string
  readonly parameters: Readonly<Record<string, string>>
  readonly disposition: string | null
  readonly dispositionParameters: Readonly<Record<string, string>>
  readonly filename: string | null
  readonly contentId: string | null
  /** What is wrong with it, in the words of the package. */
  readonly defects: readonly string[]
  /** Decoded, in base64; absent where there are parts. */
  readonly content?: string
  readonly parts?: readonly PartReading[]
}

const PROGRAM = join(import.meta.dirname, 'read-mail.py')

/** Why there is no Python that can read messages; undefined when there is one. */
export function whyNoPython(): string | undefined {
  const { status, error } = spawnSync('python3', ['-c', 'import email'])
  return status === 0 ? undefined : `needs python3: ${error?.message ?? 'it has no email package'}`
}

/** All messages at once: a Python takes its time to start. */
export function readWithPython(messages: readonly Buffer[]): readonly Reading[] {
  const input = JSON.stringify(messages.map((bytes) => bytes.toString('base64')))
  const { status, stdout, stderr } = spawnSync('python3', [PROGRAM], {
    input,
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  })
  if (status !== 0) throw new Error(`expected readings, got ${stderr}`)
  const readings: Reading[] = JSON.parse(stdout)
  return readings
}
