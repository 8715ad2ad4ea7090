/** What the process of one Kerberos identity is asked; tokens are base64. */
export type KerberosRequest =
  | {
      readonly kind: 'open'
      /** `service@host`. */
      readonly service: string
      /** Whose ticket; by default that of the cache, or the first of the keytab. */
      readonly principal: string | undefined
      readonly spnego: boolean
    }
  | {
      readonly kind: 'step' | 'wrap' | 'unwrap'
      /** The number that `open` was answered with. */
      readonly context: number
      readonly token: string
    }

/** What it answers. */
export type KerberosAnswer =
  | {
      readonly kind: 'done'
      readonly context: number
      /** Empty when there is nothing to say. */
      readonly token: string
      /** Whether both sides have proved who they are. */
      readonly isComplete: boolean
    }
  /** In the words of the library. */
  | { readonly kind: 'failed'; readonly text: string }
  /** The package "kerberos" is not installed, or does not load. */
  | { readonly kind: 'missing' }
  /** The process that was asked is not there any more. */
  | { readonly kind: 'ended' }

/** A message between the two processes; answers have the number of their request. */
export type Numbered<Message> = Message & { readonly id: number }
