import { randomInt } from 'node:crypto'

import type Kerberos from 'kerberos'

import type { KerberosAnswer, KerberosRequest, Numbered } from './messages.ts'

// The whole of this file runs in a process of its own: `helper.ts` starts it. The Kerberos library
// finds keys and tickets by its environment alone, which all threads of a process share; and while
// it waits for a KDC it holds one of the few threads that also read files and look up names.

type Library = typeof Kerberos
type Context = Awaited<ReturnType<Library['initializeClient']>>

interface OpenContext {
  readonly context: Context
  readonly openedAt: number
}

/** Longer than any login; nobody says when one was given up. */
const FORGOTTEN_MS = 10 * 60_000

const contexts = new Map<number, OpenContext>()

const [, , keytab = '', cache = ''] = process.argv
if (keytab !== '') {
  // Nothing has read them yet.
  process.env['KRB5_CLIENT_KTNAME'] = keytab
  process.env['KRB5CCNAME'] = cache
}
const library = await import('kerberos').then(
  (module) => module.default,
  () => undefined,
)

// Whoever asks also says when it is over; a signal to the group is meant for that process.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {})
// A library that waits for a KDC would hold up any other end.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
process.on('message', (request: Numbered<KerberosRequest>) => {
  void answer(request).then((answered) => process.send?.({ ...answered, id: request.id }))
})

async function answer(request: KerberosRequest): Promise<KerberosAnswer> {
  if (library === undefined) return { kind: 'missing' }
  try {
    return request.kind === 'open' ? await open(library, request) : await proceed(request)
  } catch (error) {
    return { kind: 'failed', text: error instanceof Error ? error.message : String(error) }
  }
}

async function open(
  kerberos: Library,
  { service, principal, spnego }: Extract<KerberosRequest, { kind: 'open' }>,
): Promise<KerberosAnswer> {
  forgetOld()
  const options = {
    mechOID: spnego ? kerberos.GSS_MECH_OID_SPNEGO : kerberos.GSS_MECH_OID_KRB5,
    // Its types call this `gssFlag`, which it does not read.
    flags: kerberos.GSS_C_MUTUAL_FLAG | kerberos.GSS_C_INTEG_FLAG | kerberos.GSS_C_SEQUENCE_FLAG,
    ...(principal !== undefined && { principal }),
  }
  const context = await kerberos.initializeClient(service, options)
  const token = await context.step('')
  // Of no other process either: one may end and be followed within a login.
  const number = randomInt(2 ** 47)
  contexts.set(number, { context, openedAt: performance.now() })
  return { kind: 'done', context: number, token, isComplete: context.contextComplete }
}

async function proceed({
  kind,
  context: number,
  token,
}: Exclude<KerberosRequest, { kind: 'open' }>): Promise<KerberosAnswer> {
  const context = contexts.get(number)?.context
  if (context === undefined) return { kind: 'failed', text: 'this login is over' }
  const said: string | null = await context[kind](token)
  return { kind: 'done', context: number, token: said ?? '', isComplete: context.contextComplete }
}

function forgetOld(): void {
  const before = performance.now() - FORGOTTEN_MS
  for (const [number, { openedAt }] of contexts) {
    if (openedAt < before) contexts.delete(number)
  }
}
