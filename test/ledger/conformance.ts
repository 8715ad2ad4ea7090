import { testClaims } from './claims.ts'
import type { OpenLedger } from './ledger-under-test.ts'
import { testManagers } from './managers.ts'
import { testPartialEnds } from './partial-ends.ts'
import { testReopenings } from './reopenings.ts'
import { testRescheduling } from './rescheduling.ts'
import { testSettlements } from './settlements.ts'
import { testSuperseding } from './superseding.ts'
import { testSupersedingRaces } from './superseding-races.ts'
import { testTimelines } from './timelines.ts'
import { testUncertainRaces } from './uncertain-races.ts'
import { testUncertain } from './uncertain.ts'
import { testUpkeep } from './upkeep.ts'

/**
 * What the contract of `src/ledger/ledger.ts` means, as tests that every store has to pass.
 *
 * A further store joins with a test file of its own that opens an empty ledger in that store and
 * calls this inside of a `describe`; what only that store does is tested beside it.
 */
export function testLedger(open: OpenLedger): void {
  testClaims(open)
  testSettlements(open)
  testManagers(open)
  testPartialEnds(open)
  testReopenings(open)
  testRescheduling(open)
  testSuperseding(open)
  testSupersedingRaces(open)
  testTimelines(open)
  testUncertain(open)
  testUncertainRaces(open)
  testUpkeep(open)
}
