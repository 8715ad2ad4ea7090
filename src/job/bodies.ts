/** What a message says, without what is empty. */
export interface Bodies {
  readonly text?: string
  readonly html?: string
}

const NUL = '\0'

/** Text and HTML as the bytes of one content. No body has a NUL: it could not be sent. */
export function joinBodies({ text = '', html = '' }: Bodies): Buffer {
  return Buffer.from(`${text}${NUL}${html}`)
}

/** What `joinBodies` has joined; anything else is text. */
export function splitBodies(bytes: Buffer): Bodies {
  const [text = '', ...rest] = bytes.toString().split(NUL)
  const html = rest.join('')
  return { ...(text !== '' && { text }), ...(html !== '' && { html }) }
}
