import { parseArgs } from 'node:util'

import { POLICIES, type Policy } from '../../test/chaos/accountant.ts'
import { CASES } from '../../test/chaos/cases.ts'
import { STORES, type StoreKind } from '../../test/chaos/chaos-store.ts'
import type { ChaosCase } from '../../test/chaos/run-case.ts'

/** What of the proof is to be run, and how. */
export interface Choice {
  readonly stores: readonly StoreKind[]
  /** In their order on one store. */
  readonly turns: (store: StoreKind) => readonly Turn[]
  readonly messages: number
  readonly times: number
  readonly seed: number
  /** Whether standard output is to be the table alone. */
  readonly markdown: boolean
  /** Whether the table is to be put into the documentation. */
  readonly write: boolean
  /** Where the sums are to be written as JSON. */
  readonly json: string | undefined
}

export interface Turn {
  readonly policy: Policy
  readonly chaos: ChaosCase
}

/** Reads the arguments; throws when one of them says nothing. */
export function parseChoice(): Choice {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      store: { type: 'string' },
      policy: { type: 'string' },
      messages: { type: 'string', default: '240' },
      times: { type: 'string', default: '6' },
      seed: { type: 'string', default: '1' },
      markdown: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      json: { type: 'string' },
    },
  })
  const { only, policy } = values
  const cases = only === undefined ? CASES : [oneOf(CASES, only, ({ name }) => name)]
  const policies = policy === undefined ? POLICIES : [oneOf(POLICIES, policy, String)]
  // Where every fate is known the policies are the same, unless somebody asks for one of them.
  const counts = (chaos: ChaosCase, one: Policy): boolean =>
    one === 'hold' || chaos.fate === 'in doubt' || (only !== undefined && policy !== undefined)
  return {
    stores: values.store === undefined ? STORES : [oneOf(STORES, values.store, String)],
    turns: (store) =>
      policies.flatMap((one) =>
        cases
          .filter((chaos) => chaos.stores.includes(store) && counts(chaos, one))
          .map((chaos) => ({ policy: one, chaos })),
      ),
    messages: countOf('messages', values.messages),
    times: countOf('times', values.times),
    seed: countOf('seed', values.seed),
    markdown: values.markdown,
    write: values.write,
    json: values.json,
  }
}

function oneOf<T>(all: readonly T[], text: string, nameOf: (one: T) => string): T {
  const found = all.find((one) => nameOf(one) === text)
  if (found !== undefined) return found
  const names = all.map((one) => `"${nameOf(one)}"`).join(', ')
  throw new Error(`expected one of ${names}, got "${text}"`)
}

function countOf(what: string, text: string): number {
  const count = Number(text)
  if (Number.isSafeInteger(count) && count > 0) return count
  throw new Error(`--${what}: expected a count, got "${text}"`)
}
