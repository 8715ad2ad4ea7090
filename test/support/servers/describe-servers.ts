import { findMtaWithLogins } from '../mta.ts'
import { describeWith } from '../redis.ts'
import type { Provision } from '../redis.ts'
import { findDovecot, OtherDovecotError } from './dovecot.ts'
import { NoKerberosAddonError } from './kerberos-addon.ts'
import { findPostfix } from './postfix.ts'
import { NoPrivateMachineError } from './private-machine.ts'

/** A group of tests that start Dovecot, alone or behind Exim; awaited by the file that it is in. */
export async function describeDovecot(name: string, body: () => void): Promise<void> {
  const found = await provide(() => Promise.all([findDovecot(), findMtaWithLogins()]))
  describeWith('Dovecot and Exim', found, name, body)
}

/** A group of tests that start an Exim which knows logins by itself. */
export async function describeMtaWithLogins(name: string, body: () => void): Promise<void> {
  describeWith('Exim', await provide(findMtaWithLogins), name, body)
}

/** A group of tests that start Postfix; awaited by the file that it is in. */
export async function describePostfix(name: string, body: () => void): Promise<void> {
  describeWith('Postfix', await provide(findPostfix), name, body)
}

const FOR_GOOD = [NoPrivateMachineError, OtherDovecotError, NoKerberosAddonError]

/** Looks for servers only in the files that need them: most runs of tests do not. */
export async function provide<T>(find: () => Promise<T>): Promise<Provision<T>> {
  try {
    return { kind: 'there', value: await find() }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const isForGood = FOR_GOOD.some((kind) => error instanceof kind)
    return { kind: 'missing', reason, isForGood }
  }
}
