import type { AskKerberos } from './kerberos.ts'
import type { KerberosAnswer } from './messages.ts'

/** One security context of GSSAPI (RFC 2743 §1.1.3), which has its ticket. */
export interface KerberosContext {
  /** Whether both sides have proved who they are. */
  readonly isComplete: boolean
  /** Whether it is lost: its process has ended, whatever came from the server. */
  readonly isLost: boolean
  /**
   * The answer to a token of the server, which may be empty. It rejects, as the others do, when the token
   * is not the server's, and when the context is lost.
   */
  readonly step: (token: Buffer) => Promise<Buffer>
  readonly wrap: (message: Buffer) => Promise<Buffer>
  readonly unwrap: (message: Buffer) => Promise<Buffer>
}

type Done = Extract<KerberosAnswer, { kind: 'done' }>

/** The context that was opened with `askKerberos`. */
export function contextOf(askKerberos: AskKerberos, opened: Done): KerberosContext {
  let { isComplete } = opened
  let isLost = false
  const ask = (kind: 'step' | 'wrap' | 'unwrap') => async (token: Buffer) => {
    const answer = await askKerberos({
      kind,
      context: opened.context,
      token: token.toString('base64'),
    })
    isLost ||= answer.kind === 'ended'
    if (answer.kind !== 'done') throw new Error('the Kerberos library refuses what came')
    isComplete = answer.isComplete
    return Buffer.from(answer.token, 'base64')
  }
  return {
    get isComplete() {
      return isComplete
    },
    get isLost() {
      return isLost
    },
    step: ask('step'),
    wrap: ask('wrap'),
    unwrap: ask('unwrap'),
  }
}
