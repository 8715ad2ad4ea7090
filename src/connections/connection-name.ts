import * as z from 'zod'

const MAX_LENGTH = 128
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u

/** The name of a connection manager, as jobs refer to it: spaces, colons and Unicode are welcome. */
export const connectionNameSchema = z
  .string()
  .refine((name) => name.trim() !== '' && Array.from(name).length <= MAX_LENGTH, {
    message: `expected a name of 1 to ${MAX_LENGTH} characters`,
    abort: true,
  })
  .refine((name) => !UNPRINTABLE.test(name), 'expected a name without control characters')
  .describe(`What jobs call it: 1 to ${MAX_LENGTH} characters, none of them a control character`)
