import * as z from 'zod'

import { isMailroomError } from '../errors.ts'

/** A zod transform that makes what `parse` throws on purpose a problem of its property. */
export function parsedBy<Input, Output>(
  parse: (input: Input) => Output,
): (input: Input, context: z.RefinementCtx<Input>) => Output {
  return (input, context) => {
    try {
      return parse(input)
    } catch (error) {
      if (!isMailroomError(error)) throw error
      context.addIssue({ code: 'custom', message: error.message, params: { code: error.code } })
      return z.NEVER
    }
  }
}
