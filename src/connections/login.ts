import type { Socket } from 'node:net'

import type SMTPConnection from 'nodemailer/lib/smtp-connection'

import { formatDuration } from '../duration.ts'
import type { Fault } from '../smtp/fault.ts'
import type { Stage } from '../smtp/stage.ts'
import { createExchanger } from './auth/exchange.ts'
import type { LoginContext } from './auth/log-in.ts'
import { createTokens } from './auth/oauth2/tokens.ts'
import type { Tokens } from './auth/oauth2/tokens.ts'
import { authenticate, lastAnswer, type Attempt, type LoggedIn } from './authenticate.ts'
import type { ConnectionManager } from './connection-manager.ts'
import { parseExtensions } from './extensions.ts'
import { watchHandshake } from './handshake.ts'
import { hideSecrets, withoutSecrets } from './hide-secrets.ts'
import { createConnection } from './login-connection.ts'
import { faultOfLogin } from './login-fault.ts'
import { followLogin } from './login-progress.ts'
import type { LoginProgress, LoginStep } from './login-progress.ts'
import type { LoginTrail } from './login-trail.ts'
import { reachServer } from './reach-server.ts'
import type { ResolvedManager } from './secrets.ts'
import { faultOfOwnCertificate } from './try-certificate.ts'

/** An open session on which everything up to the login is done, or why there is none. */
export type Login = OpenLogin | FailedLogin

/** A session on which mail can be offered. */
export interface OpenLogin extends LoggedIn {
  readonly kind: 'open'
  /** Paused, so that nothing is lost until somebody listens; whoever takes it closes it. */
  readonly socket: Socket
}

/** A login that came to nothing. */
export interface FailedLogin {
  readonly kind: 'fault'
  readonly fault: Fault
  /** Who said what, a line each; without secrets and addresses. */
  readonly conversation: readonly string[]
}

export interface LoginOptions {
  readonly signal?: AbortSignal | undefined
  /** Those of the process; by default both are of this login alone. */
  readonly tokens?: Tokens | undefined
  readonly kerberos?: LoginContext['kerberos'] | undefined
  /** Is told what happens, for people; nobody by default. */
  readonly trail?: LoginTrail
}

/**
 * Connects to the connection manager's server, protects the session as `tls` says, and logs in.
 *
 * Resolves with a fault for whatever goes wrong, at its exact stage; never rejects. Each step has
 * its own time-out. `signal` ends it with an `aborted` fault. Where TLS is opportunistic and fails,
 * the server is connected to once more without.
 */
export async function openLogin(
  resolved: ResolvedManager,
  options: LoginOptions = {},
): Promise<Login> {
  // Whoever only enqueues mail never logs in anywhere, and need not wait for this.
  const { default: Connection } = await import('nodemailer/lib/smtp-connection')
  const attempt = async (tried: ResolvedManager) => {
    const unusable = faultOfOwnCertificate(tried)
    if (unusable !== undefined) return failedLogin(unusable, NOTHING_SAID)
    const reached = await reachServer(tried.manager, options)
    if (reached.kind === 'fault') return failedLogin(reached.fault, NOTHING_SAID)
    return new Promise<Login>((resolve) => {
      const isPlainMeant = resolved.manager.tls === 'none'
      beginLogin(Connection, { ...tried, isPlainMeant }, reached.socket, options, resolve)
    })
  }
  const login = await attempt(resolved)
  if (!mayGoPlain(login, resolved.manager)) return login
  const plain = await attempt({ ...resolved, manager: { ...resolved.manager, tls: 'none' } })
  if (plain.kind === 'open') return plain
  return { ...plain, conversation: [...login.conversation, ...plain.conversation] }
}

/** Opportunistic is what TLS cannot take the mail away from: who fails at it is asked without. */
function mayGoPlain(login: Login, { tls }: ConnectionManager): login is FailedLogin {
  if (login.kind === 'open' || tls !== 'opportunistic') return false
  return login.fault.stage === 'starttls' && login.fault.kind !== 'aborted'
}

function beginLogin(
  Connection: typeof SMTPConnection,
  resolved: Attempt,
  socket: Socket,
  { signal, trail, kerberos, tokens = createTokens() }: LoginOptions,
  resolve: (login: Login) => void,
): void {
  const { manager, clientCertificate } = resolved
  let timer: NodeJS.Timeout | undefined
  let offersStartTls = false
  const ending = new AbortController()

  const hiding = hideSecrets(resolved.credentials)
  const progress = followLogin(hiding.hide, {
    trail,
    onStep: (step) => {
      if (progress.stage === 'starttls') offersStartTls ||= hasStartTls(connection)
      if (step === 'tls') queueMicrotask(() => watchHandshake(manager, connection, progress, fail))
      startTimer(step)
    },
  })
  const exchanger = createExchanger()
  const ours = { ...exchanger, logger: progress.logger }
  const connection = createConnection(Connection, resolved, socket, ours)

  const end = (login: Login) => {
    ending.abort()
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
    if (login.kind === 'fault') connection.close()
    resolve(login)
  }
  const fail = (fault: Fault) => end(failedLogin(fault, progress))
  const failWith = (error: SMTPConnection.SMTPError) =>
    fail(faultOfLogin(error, { stage: progress.stage, manager, offersStartTls, clientCertificate }))
  const onAbort = () => fail(abortedAt(progress.stage))
  const startTimer = (step: LoginStep) => {
    if (ending.signal.aborted) return
    clearTimeout(timer)
    timer = setTimeout(
      () => fail(timeoutFault(step, progress.stage, manager)),
      manager.timeouts[step],
    )
  }

  signal?.addEventListener('abort', onAbort)
  connection.on('error', failWith)
  connection.connect((error) => {
    if (error !== undefined) {
      failWith(error)
      return
    }
    progress.beginAuth()
    const place = { tokens, kerberos, hide: hiding.also, signal: ending.signal }
    void authenticate(resolved, { connection, exchanger, ...place }, (fault, session) => {
      if (ending.signal.aborted) return
      if (fault !== undefined) fail(fault)
      else end({ kind: 'open', socket: takeSocket(connection), ...session })
    })
  })
  if (signal?.aborted === true) onAbort()
  // Just after nodemailer has begun it.
  if (manager.tls === 'implicit') setImmediate(progress.beginHandshake)
}

const NOTHING_SAID = { said: [], hide: (text: string) => text }

/** What no reply tells stands at the end of what was said. */
function failedLogin(
  fault: Fault,
  { said, hide }: Pick<LoginProgress, 'said' | 'hide'>,
): FailedLogin {
  const silence = fault.kind === 'reply' ? [] : [`* ${fault.kind}: ${fault.detail}`]
  return { kind: 'fault', fault: withoutSecrets(fault, hide), conversation: [...said, ...silence] }
}

/** To be asked when STARTTLS is sent: the last answer is then the one to EHLO. */
function hasStartTls(connection: SMTPConnection): boolean {
  return parseExtensions(lastAnswer(connection)).startTls
}

function abortedAt(stage: Stage): Fault {
  return { kind: 'aborted', stage, detail: 'ended from our side' }
}

function timeoutFault(step: LoginStep, stage: Stage, { timeouts }: ConnectionManager): Fault {
  const limit = `${formatDuration(timeouts[step])} (timeouts.${step})`
  return { kind: 'timeout', stage, detail: `nothing came for ${limit}` }
}

/**
 * Takes the socket out of nodemailer's hands, so that nothing of it fires later.
 *
 * Without a socket `close` only marks the connection as destroyed, and its remaining listeners
 * (`error`, `end`, `close`: they also absorb late errors) return at once when it is.
 */
function takeSocket(connection: SMTPConnection): Socket {
  const socket = connection._socket
  if (!socket) throw new TypeError('nodemailer logged in without a socket')
  connection._socket = null
  connection.close()
  socket.removeAllListeners('data')
  socket.removeAllListeners('timeout')
  socket.setTimeout(0)
  socket.pause()
  return socket
}
