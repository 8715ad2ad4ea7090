import * as z from 'zod'

import {
  DURATION_PATTERN,
  formatDuration,
  InvalidDurationError,
  parseDuration,
} from '../duration.ts'

/**
 * What becomes of a message whose answer to the final dot never came (RFC 5321 §4.5.3.2.6, §6.1):
 * nobody can know whether it was delivered. Spans are milliseconds.
 *
 * - `hold`: it waits for somebody to decide; with `holdFor` only so long, and then goes its `way`.
 * - `resend`: it is sent again, under the same Message-ID, as soon as no answer can come any more;
 *   `atMost` so many times before the doubt has ended, and then it is held.
 * - `accept`: it counts as delivered.
 */
export type UncertainPolicy =
  | { readonly policy: 'hold' | 'accept' }
  | { readonly policy: 'resend'; readonly atMost: number }
  | {
      readonly policy: 'hold'
      readonly holdFor: number
      readonly way: (typeof WAYS)[number]
      readonly atMost: number
    }

export const UNCERTAIN_POLICIES = ['hold', 'resend', 'accept'] as const

const WAYS = ['resend', 'accept'] as const

/** One copy too many is what `resend` may cost. */
const DEFAULT_AT_MOST = 1
const MAX_AT_MOST = 10
/** Held messages are kept for longer than that. */
const MAX_HOLD_MS = 30 * 86_400_000

const spanSchema = z
  .union([z.string(), z.number()], { error: 'expected a duration such as "2h" or milliseconds' })
  .transform((span, context) => {
    try {
      return parseDuration(span)
    } catch (error) {
      if (!(error instanceof InvalidDurationError)) throw error
      context.addIssue({ code: 'custom', message: error.message })
      return z.NEVER
    }
  })
  .refine((ms) => ms >= 1 && ms <= MAX_HOLD_MS, 'expected a duration from 1ms to 30d')
  .meta({
    description: 'How long `hold` waits for somebody to decide; for ever by default',
    pattern: DURATION_PATTERN,
    minimum: 1,
    maximum: MAX_HOLD_MS,
  })

const properties = z.strictObject({
  policy: z.enum(UNCERTAIN_POLICIES).describe('"hold", "resend" or "accept"'),
  holdFor: spanSchema.optional(),
  // A word of the configuration, and no function.
  // oxlint-disable-next-line unicorn/no-thenable
  then: z.enum(WAYS).optional().describe('What is done when `holdFor` is over'),
  atMost: z
    .int()
    .min(1)
    .max(MAX_AT_MOST)
    .optional()
    .describe(
      'How many times in a row it is sent again by itself, before it is held; 1 by default',
    ),
})

/** The names of its properties, to suggest one for a misspelt one. */
export const KNOWN_UNCERTAIN_PROPERTIES: readonly string[] = Object.keys(properties.shape)

/** A policy as it is written down: its name alone, or with what belongs to it. */
export const uncertainPolicySchema = z
  .union([z.enum(UNCERTAIN_POLICIES), properties.superRefine(refuseContradictions)], {
    error: ({ input, errors }) => describeProblems(input, errors),
  })
  .transform((given): UncertainPolicy => {
    const {
      policy,
      holdFor,
      then,
      atMost = DEFAULT_AT_MOST,
    } = typeof given === 'string' ? { policy: given } : given
    if (policy === 'resend') return { policy, atMost }
    if (policy === 'accept' || holdFor === undefined || then === undefined) return { policy }
    return { policy, holdFor, way: then, atMost }
  })

/** A policy as it is kept with a job: complete, and without contradictions. */
export const keptUncertainPolicySchema: z.ZodType<UncertainPolicy> = z.union([
  z.strictObject({ policy: z.enum(['hold', 'accept']) }),
  z.strictObject({ policy: z.literal('resend'), atMost: z.int().min(1) }),
  z.strictObject({
    policy: z.literal('hold'),
    holdFor: z.number().min(1),
    way: z.enum(WAYS),
    atMost: z.int().min(1),
  }),
])

/** A policy in words: `hold`, `resend`, `hold for 2h, then resend at most 3 times`. */
export function describeUncertainPolicy(given: UncertainPolicy): string {
  switch (given.policy) {
    case 'accept':
      return 'accept'
    case 'resend':
      return `resend${times(given.atMost)}`
    case 'hold': {
      if (!('holdFor' in given)) return 'hold'
      const { holdFor, way, atMost } = given
      return `hold for ${formatDuration(holdFor)}, then ${way}${way === 'resend' ? times(atMost) : ''}`
    }
  }
}

function times(atMost: number): string {
  return atMost === 1 ? '' : ` at most ${atMost} times`
}

function refuseContradictions(
  { policy, holdFor, then, atMost }: z.output<typeof properties>,
  context: z.RefinementCtx,
): void {
  const refuse = (property: string, message: string): void =>
    context.addIssue({
      code: 'custom',
      path: [property],
      params: { code: 'CONTRADICTING_POLICY' },
      message,
    })
  if (policy !== 'hold') {
    const why = `expected nothing beside \`policy: "${policy}"\`: only "hold" waits for somebody`
    if (holdFor !== undefined) refuse('holdFor', why)
    if (then !== undefined) refuse('then', why)
  } else if (holdFor !== undefined && then === undefined) {
    refuse('then', 'expected "resend" or "accept": what is done when `holdFor` is over')
  } else if (holdFor === undefined && then !== undefined) {
    refuse('holdFor', 'expected how long it is held before `then`, such as "2h"')
  }
  if (atMost !== undefined && policy !== 'resend' && then !== 'resend') {
    refuse('atMost', 'expected only where something is sent again: with "resend"')
  }
}

const EXAMPLE = '{ policy: "hold", holdFor: "2h", then: "resend" }'

/** All problems in one sentence: each may lie in another property. */
function describeProblems(
  input: unknown,
  [, problems = []]: readonly (readonly z.core.$ZodIssue[])[] = [],
): string {
  if (typeof input !== 'object' || input === null || problems.length === 0) {
    return `expected "hold", "resend", "accept" or properties such as ${EXAMPLE}`
  }
  return problems.map(describeProblem).join('; ')
}

function describeProblem(problem: z.core.$ZodIssue): string {
  if (problem.code === 'unrecognized_keys') {
    return `there is no such property as ${problem.keys.map((key) => `\`${key}\``).join(', ')}`
  }
  const message = problem.message.replace(/^Invalid (?:input|option): /, '')
  return problem.path.length === 0 ? message : `\`${problem.path.join('.')}\`: ${message}`
}
