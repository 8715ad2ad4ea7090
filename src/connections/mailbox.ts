import * as z from 'zod'

import { parseMailbox } from '../smtp/address.ts'
import type { Mailbox } from '../smtp/address.ts'

/** One mailbox, such as `alerts@example.com` or `"Nightly load" <alerts@example.com>`. */
export const mailboxSchema = z
  .string()
  .transform((text, context): Mailbox => {
    const parsed = parseMailbox(text)
    if (parsed.kind === 'mailbox') return parsed.mailbox
    context.addIssue({
      code: 'custom',
      message: `${parsed.reason}, at position ${parsed.position + 1} of the mailbox`,
      params: { code: 'INVALID_MAILBOX' },
    })
    return z.NEVER
  })
  .describe('A mailbox, such as "alerts@example.com" or "Alerts <alerts@example.com>"')
