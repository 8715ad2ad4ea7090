import * as z from 'zod'

import { parseDuration, DURATION_PATTERN } from '../duration.ts'
import { createPattern } from '../smtp/pattern/pattern.ts'
import { PROVIDER_NAMES, parseProvider } from '../smtp/provider.ts'
import {
  USER_CLASSES,
  USER_STAGES,
  type TextTest,
  type UserCondition,
  type UserRule,
} from '../smtp/rules/user-rule.ts'
import { STAGES } from '../smtp/stage.ts'
import { SCOPES } from '../smtp/verdict-shape.ts'
import { parsedBy } from './parsed-by.ts'
import { refuseDuplicates, refuseUnreachable } from './unreachable-rules.ts'

const WEEK_MS = 604_800_000
/** No more of a reply is kept, so that no longer text is ever in one. */
const MAX_TEXT = 512
const MAX_RULES = 200

function oneOrMore<Output, Input>(one: z.ZodType<Output, Input>) {
  return z.union([z.array(one).min(1), one.transform((given) => [given])])
}

const code = z.union(
  [z.int().min(200).max(599), z.string().regex(/^[2-5]yz$/)],
  'expected a reply code such as 550, or "4yz" or "5yz"',
)

const status = z
  .string()
  .regex(
    /^(?:[245]|\*)\.(?:\d{1,3}|\*)\.(?:\d{1,3}|\*)$/,
    'expected an enhanced status code such as "5.7.1", with "*" for any number',
  )

const text = z.string().min(1).max(MAX_TEXT).transform(parsedBy(parseText))

const when = z
  .strictObject({
    stage: oneOrMore(z.enum(STAGES))
      .optional()
      .describe(`Where it was said: ${USER_STAGES.join(', ')}; anywhere by default`),
    code: oneOrMore(code).optional().describe('The reply code, or "4yz" or "5yz" for all of them'),
    status: oneOrMore(status)
      .optional()
      .describe('The enhanced status code, such as "5.7.1"; "*" stands for any number'),
    text: text
      .optional()
      .describe(
        'What the reply says: words in any case, or a regular expression between slashes, /…/ or /…/i',
      ),
    provider: oneOrMore(z.enum(PROVIDER_NAMES))
      .optional()
      .describe('Whose server it is, as `provider` of the connection manager says'),
    connection: oneOrMore(z.string().min(1))
      .optional()
      .describe('The connection managers that it is about; all by default'),
  })
  .refine((given) => Object.values(given).some((part) => part !== undefined), {
    message: 'expected at least one condition: it would decide about every reply',
  })

const means = z.strictObject({
  class: z
    .enum(USER_CLASSES)
    .describe(
      'retry, permanent, policy, split, connection, auth or throttle; before MAIL one of the last three',
    ),
  scope: z
    .enum(SCOPES)
    .optional()
    .describe('Whom it is about; by the class and the stage by default'),
  minDelay: z
    .union([z.string(), z.number()], { error: 'expected a duration such as "30m"' })
    .transform(parsedBy(parseDuration))
    .refine((ms) => ms >= 1 && ms <= WEEK_MS, 'expected more than nothing and at most "7d"')
    .meta({ pattern: DURATION_PATTERN, minimum: 1 })
    .optional()
    .describe('The shortest wait before the next try; none by default'),
  alert: z.boolean().optional().describe('Whether a person has to act; not by default'),
})

const rule = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/, 'expected small letters, digits and hyphens')
      .describe('Ends the id of its verdicts, `user.NAME`'),
    when: when.describe('All that is given has to hold, and of a list one'),
    means: means.describe('What such a reply means'),
  })
  .transform(({ name, when: condition, means: outcome }): UserRule => {
    const { class: kind, scope, minDelay, alert } = outcome
    return {
      name,
      when: conditionOf(condition),
      means: {
        class: kind,
        ...(scope && { scope }),
        ...(minDelay !== undefined && { minDelayMs: minDelay }),
        ...(alert && { alert: true }),
      },
    }
  })

/** What an operator has decided about replies of servers, in the order in which it is asked. */
export const replyRulesSchema = z
  .array(rule)
  .max(MAX_RULES)
  .superRefine(refuseDuplicates, { when: ({ value }) => Array.isArray(value) })
  .superRefine(refuseUnreachable)
  .readonly()

/** The names of all properties of a rule, to suggest one for a misspelt one. */
export const KNOWN_RULE_PROPERTIES: readonly string[] = [
  'name',
  'when',
  'means',
  ...Object.keys(when.shape),
  ...Object.keys(means.shape),
]

function conditionOf(given: z.output<typeof when>): UserCondition {
  const codes = given.code?.filter((one) => typeof one === 'number')
  const digits = given.code?.flatMap((one) => (typeof one === 'string' ? [Number(one[0])] : []))
  const providers = given.provider?.map((name) => parseProvider(name) ?? 'none')
  return {
    ...(given.stage && { stages: given.stage }),
    ...(codes && codes.length > 0 && { codes }),
    ...(digits && digits.length > 0 && { digits }),
    ...(given.status && { statuses: given.status }),
    ...(given.text && { text: given.text }),
    ...(providers && { providers }),
    ...(given.connection && { connections: given.connection }),
  }
}

/** `/…/` and `/…/i` are regular expressions, everything else is words. Throws `InvalidPatternError`. */
function parseText(source: string): TextTest {
  const [, pattern, flags] = /^\/(.+)\/([a-z]*)$/s.exec(source) ?? []
  if (pattern !== undefined) return { source, test: createPattern(pattern, flags ?? '') }
  const words = source.toLowerCase()
  return { source: JSON.stringify(source), test: (said) => said.toLowerCase().includes(words) }
}
