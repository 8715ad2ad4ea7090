import { hash } from 'node:crypto'

/** Remembers texts by 53 bits of their digest: good for counting, not for deciding. */
export interface Seen {
  /** Remembers a text; true when it was there before. */
  add(text: string): boolean
}

const FIRST_SIZE = 1024

/** Takes 16 to 32 bytes per text, so that a million of them fit into 32 MB. */
export function createSeen(): Seen {
  let slots = new Float64Array(FIRST_SIZE)
  let count = 0

  return {
    add: (text) => {
      const value = digestOf(text)
      const at = place(slots, value)
      if (slots[at] === value) return true
      slots[at] = value
      count += 1
      if (count * 2 > slots.length) {
        const larger = new Float64Array(slots.length * 2)
        for (const known of slots) if (known !== 0) larger[place(larger, known)] = known
        slots = larger
      }
      return false
    },
  }
}

/** Where a value is in a table, or the free slot for it. */
function place(table: Float64Array, value: number): number {
  let at = value % table.length
  while (table[at] !== 0 && table[at] !== value) at = (at + 1) % table.length
  return at
}

/** Never 0, which marks a free slot. */
function digestOf(text: string): number {
  return Number.parseInt(hash('sha256', text, 'hex').slice(0, 13), 16) + 1
}
