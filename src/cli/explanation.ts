import { describeManagerAnswer, describeMessageAnswer, type Explanation } from '../smtp/explain.ts'
import { RULES_VERSION } from '../smtp/rules/version.ts'
import { printable } from './table.ts'
import type { Terminal } from './terminal.ts'

/** Draws a verdict for people: the two answers, the rule, what to do, and what nearly decided instead. */
export function drawExplanation(
  { verdict, source, passedOver }: Explanation,
  terminal: Terminal,
  advice?: string,
): void {
  const { alert, suppress } = verdict
  const facts: Readonly<Record<string, string | undefined>> = {
    message: describeMessageAnswer(verdict),
    manager: describeManagerAnswer(verdict),
    about: `the ${verdict.scope} (class "${verdict.class}")`,
    alert: alert ? 'waiting does not cure it: a person has to act' : undefined,
    suppress: suppress ? 'nobody should mail this address again' : undefined,
    rule: `${verdict.rule}, version ${RULES_VERSION}`,
    source,
    'to do': advice,
  }
  for (const [name, fact] of Object.entries(facts)) {
    if (fact === undefined) continue
    terminal.say(`${terminal.style('bold', name.padEnd(9))} ${printable(fact)}`)
  }
  if (passedOver.length === 0) return
  terminal.say()
  terminal.table(passedOver.map(({ rule, why }) => ({ 'passed over': rule, because: why })))
}
