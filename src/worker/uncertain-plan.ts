import type { UncertainPlan } from '../ledger/uncertain.ts'
import type { UncertainPolicy } from '../smtp/uncertain-policy.ts'

/** What the ledger is to do with a message that turns out uncertain; undefined to hold it. */
export function uncertainPlanOf(policy: UncertainPolicy): UncertainPlan | undefined {
  switch (policy.policy) {
    case 'accept':
      return { way: 'accept', afterMs: 0, atMost: 0 }
    case 'resend':
      return { way: 'resend', afterMs: 0, atMost: policy.atMost }
    case 'hold': {
      if (!('holdFor' in policy)) return undefined
      const { way, holdFor: afterMs, atMost } = policy
      return { way, afterMs, atMost }
    }
  }
}
