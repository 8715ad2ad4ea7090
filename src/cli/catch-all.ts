import { randomBytes } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { access, constants, mkdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { setTimeout } from 'node:timers/promises'

import type { SMTPServerDataStream, SMTPServerEnvelope } from 'smtp-server'
import { SMTPServer } from 'smtp-server'

import { listenError } from '../server/errors.ts'
import { decodeWords } from './eml/encoded-words.ts'
import { fieldOf, parseHeaderFields } from './eml/header-fields.ts'
import { DirectoryUnusableError } from './errors.ts'

/** A mail that was kept: where, for whom, and how large. */
export interface CaughtMail {
  readonly file: string
  /** The envelope's sender; empty for a bounce. */
  readonly from: string
  readonly to: readonly string[]
  /** As the message shows it, encoded words decoded; empty when there is none. */
  readonly subject: string
  readonly bytes: number
}

export interface CatchAllOptions {
  /** Where the mails go; made when it is missing. */
  readonly directory: string
  /** 0 takes a free one. */
  readonly port: number
  /** `127.0.0.1` by default. */
  readonly host?: string
  /** Larger messages are refused with 552; 50 MiB by default. */
  readonly maxBytes?: number
  /** How long a mail that was kept waits for its answer; 0 by default, and cut short by `close`. */
  readonly acceptAfterMs?: number
  readonly onMail?: (mail: CaughtMail) => void
}

export interface CatchAll extends AsyncDisposable {
  readonly host: string
  readonly port: number
  readonly directory: string
  close(): Promise<void>
}

type ReceiveMail = (...args: Parameters<SMTPServer['onData']>) => Promise<void>

const DEFAULT_MAX_BYTES = 50 * 2 ** 20

/** How much of a message is kept in memory to read its subject from. */
const HEAD_BYTES = 64 * 1024

/**
 * Opens an SMTP server that accepts every mail for everybody, with or without a login, and keeps
 * each as an `.eml` file: complete, with the envelope in `Return-Path` and `X-Envelope-To`.
 *
 * A file appears under its name only when it is whole. Throws `PortInUseError`,
 * `CannotListenError`, `DirectoryUnusableError`.
 */
export async function openCatchAll(options: CatchAllOptions): Promise<CatchAll> {
  const { port, host = '127.0.0.1', maxBytes = DEFAULT_MAX_BYTES } = options
  const { acceptAfterMs = 0, onMail } = options
  const closing = new AbortController()
  const directory = path.resolve(options.directory)
  await makeDirectory(directory)
  const server = new SMTPServer({
    size: maxBytes,
    authOptional: true,
    allowInsecureAuth: true,
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    banner: 'catch-all: nothing leaves this machine',
    closeTimeout: 1000,
    logger: false,
    onAuth: (auth, _session, done) => done(null, { user: auth.username ?? 'anybody' }),
    onData: (stream, session, done) => void receive(stream, session, done),
  })
  const receive: ReceiveMail = async (stream, { envelope }, done) => {
    try {
      const mail = await keep(stream, envelope, directory)
      onMail?.(mail)
      if (acceptAfterMs > 0) await waitUnlessClosing(acceptAfterMs, closing.signal)
      done(null, `kept as ${path.basename(mail.file)}`)
    } catch (error) {
      done(asReply(error))
    }
  }
  const bound = await listen(server, host, port)
  const close = async (): Promise<void> => {
    closing.abort()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  }
  return { host, port: bound, directory, close, [Symbol.asyncDispose]: close }
}

async function makeDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true })
    await access(directory, constants.W_OK)
  } catch (cause) {
    throw new DirectoryUnusableError('mails', directory, { cause })
  }
}

async function listen(server: SMTPServer, host: string, port: number): Promise<number> {
  const listening = Promise.withResolvers<undefined>()
  server.on('error', (error) => listening.reject(error))
  server.listen(port, host, () => listening.resolve(undefined))
  try {
    await listening.promise
  } catch (error) {
    throw listenError(error, 'the catch-all SMTP server', host, port)
  }
  const address = server.server.address()
  return typeof address === 'object' && address !== null ? address.port : port
}

async function waitUnlessClosing(ms: number, signal: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error
  })
}

async function keep(
  stream: SMTPServerDataStream,
  envelope: SMTPServerEnvelope,
  directory: string,
): Promise<CaughtMail> {
  const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address
  const to = envelope.rcptTo.map(({ address }) => address)
  const stamp = new Date().toISOString().replaceAll(/[-:.]/g, '')
  const file = path.join(directory, `${stamp}-${randomBytes(3).toString('hex')}.eml`)
  const partial = `${file}.partial`
  const head: Buffer[] = []
  let bytes = 0
  try {
    await pipeline(
      stream,
      async function* (source: AsyncIterable<Buffer>) {
        yield envelopeFields(from, to)
        for await (const chunk of source) {
          if (bytes < HEAD_BYTES) head.push(chunk)
          bytes += chunk.length
          yield chunk
        }
      },
      createWriteStream(partial, { flags: 'wx', mode: 0o600 }),
    )
    if (stream.sizeExceeded) throw new TooLargeReply()
    await rename(partial, file)
  } catch (error) {
    await rm(partial, { force: true })
    throw error
  }
  return { file, from, to, subject: subjectOf(Buffer.concat(head)), bytes }
}

function envelopeFields(from: string, to: readonly string[]): string {
  const fields = [`Return-Path: <${from}>`, ...to.map((address) => `X-Envelope-To: <${address}>`)]
  return fields.map((field) => `${field}\r\n`).join('')
}

function subjectOf(head: Buffer): string {
  const block = head.toString('utf8').split(/\r?\n\r?\n/, 1)[0] ?? ''
  return decodeWords(fieldOf(parseHeaderFields(block), 'subject') ?? '')
}

class TooLargeReply extends Error {
  readonly responseCode = 552
}

/** What the client hears: 552 for a message that is too large, 451 when it could not be written. */
function asReply(error: unknown): Error {
  if (error instanceof TooLargeReply) {
    return Object.assign(error, { message: '5.3.4 the message is larger than SIZE allows' })
  }
  return Object.assign(new Error('4.3.0 the message could not be written'), { responseCode: 451 })
}
