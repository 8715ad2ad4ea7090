import type { SendMailJob } from '../job/send-mail.ts'
import type { Flow } from './flow.ts'
import { ableFlows, type JunctionState } from './junction-state.ts'
import { carriersOf, isUsable } from './route.ts'

/** The way whose server may offer what a message needs; of several, one that can be used. */
export function ableFlow(state: JunctionState, { id }: SendMailJob): Flow | undefined {
  const some = ableFlows(state, id)
  return some.find((flow) => isUsable(flow, state.context)) ?? some[0]
}

/** The ways that are left to a message when the servers of `unable` lack what it needs. */
export function leftFlows(
  state: JunctionState,
  job: SendMailJob,
  unable: readonly Flow[],
): readonly Flow[] {
  const known = ableFlows(state, job.id)
  const some = known.length > 0 ? known : carriersOf(state.flows, job)
  return some.filter((flow) => !unable.includes(flow))
}
