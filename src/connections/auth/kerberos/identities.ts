import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

import type { KerberosAnswer, KerberosRequest, Numbered } from './messages.ts'

/** Who logs in by Kerberos, as far as the library has to know it before it starts. */
export interface KerberosIdentity {
  /** Differs when another keytab, other keys in it or another account are meant. */
  readonly name: string
  /** The path of the keytab; without it the library looks where this process was told to. */
  readonly keytab: string | undefined
}

/** The process of one identity, and who waits for it. */
interface Helper {
  readonly child: ChildProcess
  readonly waiting: Map<number, (answer: KerberosAnswer) => void>
  asked: number
  idle: NodeJS.Timeout | undefined
}

const PROGRAM = fileURLToPath(
  new URL(`identity-process${path.extname(import.meta.url)}`, import.meta.url),
)

/** Longer than between the logins of a manager that has much to do. */
const IDLE_MS = 10 * 60_000

/** Those of this process. They end with it, or when nobody has asked for a while. */
const helpers = new Map<string, Helper>()

/**
 * Asks the Kerberos library as `identity`: in a process of its own, so that several identities do not
 * meet in one environment, and one that waits for its KDC holds up nobody else. Never rejects.
 *
 * Tickets that come of a keytab are in the memory of that process, and the library renews them.
 */
export function askKerberos(
  identity: KerberosIdentity,
  request: KerberosRequest,
): Promise<KerberosAnswer> {
  const helper = helpers.get(identity.name) ?? start(identity)
  return new Promise((resolve) => {
    const id = helper.asked++
    helper.waiting.set(id, resolve)
    keepAlive(identity, helper)
    helper.child.send({ ...request, id } satisfies Numbered<KerberosRequest>, (error) => {
      if (error !== null) giveUp(identity, helper)
    })
  })
}

function start(identity: KerberosIdentity): Helper {
  const places = identity.keytab === undefined ? [] : [`FILE:${identity.keytab}`, 'MEMORY:mailroom']
  const child = fork(PROGRAM, places, {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  const helper: Helper = { child, waiting: new Map(), asked: 0, idle: undefined }
  helpers.set(identity.name, helper)
  child.unref()
  child.on('message', ({ id, ...answer }: Numbered<KerberosAnswer>) => {
    helper.waiting.get(id)?.(answer)
    helper.waiting.delete(id)
    keepAlive(identity, helper)
  })
  child.on('error', () => giveUp(identity, helper))
  child.on('exit', () => giveUp(identity, helper))
  return helper
}

/** While somebody waits, neither process ends; the other one stays for a while afterwards. */
function keepAlive(identity: KerberosIdentity, helper: Helper): void {
  clearTimeout(helper.idle)
  if (helper.waiting.size > 0) {
    helper.child.channel?.ref()
    return
  }
  helper.child.channel?.unref()
  helper.idle = setTimeout(() => giveUp(identity, helper), IDLE_MS).unref()
}

/** It hears that it is over by the end of its channel. */
function giveUp(identity: KerberosIdentity, { child, waiting, idle }: Helper): void {
  if (helpers.get(identity.name)?.child === child) helpers.delete(identity.name)
  clearTimeout(idle)
  for (const resolve of waiting.values()) resolve({ kind: 'ended' })
  waiting.clear()
  if (child.connected) child.disconnect()
}
