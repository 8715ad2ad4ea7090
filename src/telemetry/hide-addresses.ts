const ADDRESS = /[^\s<>()"',;:@]+@[^\s<>()"',;:@]+/gu

/**
 * The text with every mailbox address replaced by `<hidden>`.
 *
 * A second fence: events hold no address by contract, but a reason may quote what a server said.
 */
export function hideAddresses(text: string): string {
  return text.includes('@') ? text.replace(ADDRESS, '<hidden>') : text
}
