import type { ConnectionManager } from '../connections/connection-manager.ts'
import type { UserRule } from '../smtp/rules/user-rule.ts'
import type { JudgeContext } from '../smtp/verdict.ts'

/** What has to be known of a manager to judge its server's replies, beside the replies. */
export function judgingOf(
  { name, provider }: ConnectionManager,
  rules: readonly UserRule[],
): JudgeContext {
  return { connection: name, provider, rules }
}
