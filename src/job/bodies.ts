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
  return splitJoined(bytes) ?? withoutEmpty(bytes.toString(), '')
}

/** What `joinBodies` has joined; undefined for anything else. */
export function splitJoined(bytes: Buffer): Bodies | undefined {
  const end = bytes.indexOf(NUL)
  if (end === -1) return undefined
  return withoutEmpty(bytes.toString('utf8', 0, end), bytes.toString('utf8', end + 1))
}

function withoutEmpty(text: string, html: string): Bodies {
  return { ...(text !== '' && { text }), ...(html !== '' && { html }) }
}
