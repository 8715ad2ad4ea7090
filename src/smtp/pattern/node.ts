/** A regular expression as a tree. */
export type PatternNode =
  | { readonly kind: 'one'; readonly test: (character: string) => boolean }
  | { readonly kind: 'at'; readonly place: Place }
  | { readonly kind: 'sequence'; readonly parts: readonly PatternNode[] }
  | { readonly kind: 'choice'; readonly options: readonly PatternNode[] }
  | {
      readonly kind: 'repeat'
      readonly part: PatternNode
      readonly min: number
      /** Infinity for no end. */
      readonly max: number
    }

/** What takes no character: the ends of the text, and the ends of words. */
export type Place = 'start' | 'end' | 'word' | 'no-word'

/** Whether `character` is one of those of words, as `\w` has it. */
export function isWordCharacter(character: string | undefined): boolean {
  return character !== undefined && /^\w$/.test(character)
}
