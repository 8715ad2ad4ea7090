import { expect, test } from 'vitest'

import { needsSmtpUtf8, type Envelope } from '../../src/smtp/envelope.ts'

test.for<[envelope: Envelope, needs: boolean]>([
  [{ from: '', to: ['bob@example.com'] }, false],
  [{ from: 'a@example.com', to: ['bob@xn--bcher-kva.example'] }, false],
  [{ from: 'a@example.com', to: [] }, false],
  [{ from: 'почта@example.com', to: ['bob@example.com'] }, true],
  [{ from: 'a@example.com', to: ['bob@example.com', 'josé@example.com'] }, true],
])('%j needs SMTPUTF8: %s', ([envelope, needs]) => {
  expect(needsSmtpUtf8(envelope)).toBe(needs)
})
