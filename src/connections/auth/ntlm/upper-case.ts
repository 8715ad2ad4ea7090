/** What Windows leaves as it is: dotless i, long s, micro sign, and letters of Georgian. */
const LEFT = /[\u0131\u017F\u00B5\u10D0-\u10FF]/

/**
 * `text` in upper case as Windows has it, whatever the language: each UTF-16 code unit by itself, so
 * that "ß" stays and no text becomes longer.
 */
export function upperCase(text: string): string {
  return text
    .split('')
    .map((unit) => {
      const upper = unit.toUpperCase()
      return upper.length > 1 || LEFT.test(unit) ? unit : upper
    })
    .join('')
}
