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
  const end = bytes.indexOf(0)
  const text = bytes.toString('utf8', 0, end === -1 ? bytes.length : end)
  const html = end === -1 ? '' : bytes.toString('utf8', end + 1)
  return { ...(text !== '' && { text }), ...(html !== '' && { html }) }
}
