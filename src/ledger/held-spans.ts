/**
 * How many spans are kept of a message that is sent again and again: of more, the oldest two become
 * one as long as both together, which ends where the second did.
 */
export const MAX_HELD_SPANS = 20

/** When a message was held as uncertain, in milliseconds of the store's clock since 1970. */
export interface HeldSpan {
  readonly from: number
  readonly to: number
}

/** What a claim tells of what the stores write, `FROM-TO,…`; nothing when that is empty. */
export function heldSpansOf(text: unknown): { readonly held?: readonly HeldSpan[] } {
  if (typeof text !== 'string' || text === '') return {}
  const held = text.split(',').flatMap((span) => {
    const [, from, to] = /^(\d+)-(\d+)$/.exec(span) ?? []
    return from === undefined ? [] : [{ from: Number(from), to: Number(to) }]
  })
  return { held }
}
