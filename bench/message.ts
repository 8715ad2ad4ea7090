/** The message that every contestant sends: 2.4 kB of text and HTML, each to another recipient. */
export function messageTo(recipient: number): {
  readonly from: string
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly html: string
} {
  const line = 'The quick brown fox jumps over the lazy dog, and the order is on its way. '
  return {
    from: 'shop@example.com',
    to: `customer-${recipient}@example.org`,
    subject: `Your order ${recipient}`,
    text: `Dear customer ${recipient},\n\n${line.repeat(12)}\n`,
    html: `<html><body><p>Dear customer ${recipient},</p><p>${line.repeat(18)}</p></body></html>`,
  }
}
