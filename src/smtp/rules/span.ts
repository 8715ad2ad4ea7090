/** `7.5-7` is 7.5, 7.6 and 7.7; `441-447` seven codes; anything else is itself. */
export function spanOf(key: string): readonly string[] {
  const range = /^(\d+\.)?(\d+)-(\d+)$/.exec(key)
  if (!range) return [key]
  const [, subject = '', from, to] = range
  const first = Number(from)
  return Array.from({ length: Number(to) - first + 1 }, (_, step) => `${subject}${first + step}`)
}
