import type { Fault } from '../../smtp/fault.ts'
import type { Stage } from '../../smtp/stage.ts'
import type { Auth } from '../auth/auth.ts'
import type { TlsMode } from '../connection-manager.ts'

/** By what a fault is known: all that is given has to hold, of each list one. */
export interface Symptom {
  readonly kinds?: readonly Fault['kind'][]
  readonly stages?: readonly Stage[]
  /** Of what was no reply, what exactly it was. */
  readonly causes?: readonly string[]
  /** For families of causes, such as the words of OpenSSL. */
  readonly causeLike?: RegExp
  readonly codes?: readonly number[]
  /** The first digit of the code: 4 for now, 5 for good. */
  readonly classes?: readonly number[]
  readonly statuses?: readonly string[]
  /** In the text of the reply. */
  readonly text?: RegExp
  /** What the connection manager says. */
  readonly ports?: readonly number[]
  readonly tls?: readonly TlsMode[]
  readonly methods?: readonly Auth['method'][]
}

/** A common fault of a session, and what a person can do about it. */
export interface Remedy {
  /** As JSON, events and metrics have it; it never changes its meaning. */
  readonly id: string
  readonly when: Symptom
  /** Other ways in which it shows. */
  readonly or?: readonly Symptom[]
  /** What is wrong, without a subject's name: a clause. */
  readonly problem: string
  /** What to do: one to three sentences. */
  readonly advice: string
}
