import { open, stat, type FileHandle } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'

import { CsvError, parse, type Parser } from 'csv-parse'

import { InvalidRecipientsError } from './errors.ts'

/** One record of a CSV file. */
export interface CsvRecord {
  /** On which line it ends, from 1. */
  readonly line: number
  readonly values: readonly string[]
}

/** A CSV file that is read as often as asked, with one part of it in memory. */
export interface CsvFile extends AsyncDisposable {
  readonly name: string
  readonly separator: string
  /** Every record, the heading too; empty lines are no records. */
  records(): AsyncGenerator<CsvRecord, void, undefined>
  /** Whether the file is still the one that was opened. */
  isUnchanged(): Promise<boolean>
  /** Whether `path` leads to this very file, by whatever name. */
  isAt(path: string): Promise<boolean>
}

const CHUNK_BYTES = 65_536
const MAX_RECORD_CHARACTERS = 1_048_576

/**
 * Opens a CSV file in UTF-8 (RFC 4180), with or without byte order mark. The caller closes it.
 *
 * Without a `separator` it is the one of `,`, `;` and tab that the first line has. Throws
 * `InvalidRecipientsError`, also while records are read.
 */
export async function openCsv(path: string, name: string, separator?: string): Promise<CsvFile> {
  const file = await open(path).catch((cause: unknown) => {
    const problem = 'cannot be read: expected a CSV file that is there'
    throw new InvalidRecipientsError(name, [{ line: 1, problem }], 1, { cause })
  })
  try {
    const stats = await file.stat({ bigint: true })
    const found = separator ?? (await findSeparator(file, name))
    return {
      name,
      separator: found,
      records: () => readRecords(file, name, found),
      isUnchanged: async () => {
        const now = await file.stat({ bigint: true })
        return now.size === stats.size && now.mtimeNs === stats.mtimeNs
      },
      isAt: async (other) => {
        const there = await stat(other, { bigint: true }).catch(() => undefined)
        return there?.dev === stats.dev && there.ino === stats.ino
      },
      [Symbol.asyncDispose]: () => file.close(),
    }
  } catch (error) {
    await file.close()
    throw error
  }
}

async function* readRecords(
  file: FileHandle,
  name: string,
  separator: string,
): AsyncGenerator<CsvRecord, void, undefined> {
  const parser = parse({
    bom: true,
    delimiter: separator,
    info: true,
    max_record_size: MAX_RECORD_CHARACTERS,
    relax_column_count: true,
    skip_empty_lines: true,
  })
  // What goes wrong is heard by whoever reads the parser.
  const feeding = pipeline(onlyUtf8(chunksOf(file), name), parser).catch(() => {})
  try {
    yield* recordsOf(parser)
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    // Its message quotes the file.
    const problem = `expected CSV as RFC 4180 has it, got ${WORDS[error.code] ?? 'something else'}`
    const line = typeof error['lines'] === 'number' ? error['lines'] : 1
    throw new InvalidRecipientsError(name, [{ line, problem }])
  } finally {
    await feeding
  }
}

const WORDS: Readonly<Record<string, string>> = {
  CSV_INVALID_CLOSING_QUOTE: 'a text behind a closing quote',
  CSV_MAX_RECORD_SIZE: `a row of more than ${MAX_RECORD_CHARACTERS} characters`,
  CSV_QUOTE_NOT_CLOSED: 'a quote that is never closed',
  INVALID_OPENING_QUOTE: 'a quote in the middle of a field',
}

async function* recordsOf(parser: Parser): AsyncGenerator<CsvRecord, void, undefined> {
  const items: AsyncIterable<{ readonly record: string[]; readonly info: { lines: number } }> =
    parser
  for await (const { record, info } of items) yield { line: info.lines, values: record }
}

/** The file from its beginning; a stream of it could not be left early and begun anew. */
async function* chunksOf(file: FileHandle): AsyncGenerator<Buffer, void, undefined> {
  for (let at = 0; ;) {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES, at)
    if (bytesRead === 0) return
    yield buffer.subarray(0, bytesRead)
    at += bytesRead
  }
}

/** Lets through what is UTF-8: anything else would arrive as other letters. */
async function* onlyUtf8(
  chunks: AsyncIterable<Buffer>,
  name: string,
): AsyncGenerator<Buffer, void, undefined> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let line = 1
  const check = (chunk?: Buffer): void => {
    try {
      const text = chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true })
      line += text.split('\n').length - 1
    } catch (cause) {
      const problem = 'expected UTF-8 here or soon after: save the file as "CSV UTF-8"'
      throw new InvalidRecipientsError(name, [{ line, problem }], 1, { cause })
    }
  }
  for await (const chunk of chunks) {
    check(chunk)
    yield chunk
  }
  check()
}

async function findSeparator(file: FileHandle, name: string): Promise<string> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES, 0)
  const head = buffer.toString('utf8', 0, bytesRead).replaceAll(/"(?:[^"]|"")*"/g, '')
  const [heading = ''] = head.split(/[\r\n]/, 1)
  const found = [',', ';', '\t'].filter((separator) => heading.includes(separator))
  if (found.length <= 1) return found[0] ?? ','
  const problem =
    'expected one of comma, semicolon and tab between the names of the columns, got several: ' +
    'say which it is with "--separator"'
  throw new InvalidRecipientsError(name, [{ line: 1, problem }])
}
