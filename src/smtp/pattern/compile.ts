import { InvalidPatternError } from './errors.ts'
import type { PatternNode, Place } from './node.ts'

/** One step of the machine that a pattern is; `next` and `other` are places of steps. */
export type Step =
  | { readonly kind: 'one'; readonly test: (character: string) => boolean; readonly next: number }
  | { readonly kind: 'at'; readonly place: Place; readonly next: number }
  | { readonly kind: 'fork'; readonly next: number; readonly other: number }
  | { readonly kind: 'match' }

/** More steps than any sensible pattern has; they bound how long a text can take. */
const MAX_STEPS = 500

/** Turns a pattern into a machine whose first step is `start`. Throws `InvalidPatternError`. */
export function compilePattern(node: PatternNode): {
  readonly steps: readonly Step[]
  readonly start: number
} {
  const steps: Step[] = [{ kind: 'match' }]
  const add = (step: Step): number => {
    if (steps.length >= MAX_STEPS) throw new InvalidPatternError('it is too large: use less of {…}')
    return steps.push(step) - 1
  }
  const start = build(node, 0, add, steps)
  return { steps, start }
}

/** Adds the steps for `node`, which go on at `next`, and answers where they begin. */
function build(
  node: PatternNode,
  next: number,
  add: (step: Step) => number,
  steps: Step[],
): number {
  switch (node.kind) {
    case 'one':
      return add({ kind: 'one', test: node.test, next })
    case 'at':
      return add({ kind: 'at', place: node.place, next })
    case 'sequence':
      return node.parts.reduceRight((after, part) => build(part, after, add, steps), next)
    case 'choice':
      return node.options
        .map((option) => build(option, next, add, steps))
        .reduceRight((other, begin) => add({ kind: 'fork', next: begin, other }))
    case 'repeat': {
      let begin = next
      if (node.max === Infinity) {
        const loop = add({ kind: 'fork', next, other: next })
        const body = build(node.part, loop, add, steps)
        steps[loop] = { kind: 'fork', next: body, other: next }
        begin = loop
      }
      const optional = node.max === Infinity ? 0 : node.max - node.min
      for (let count = 0; count < optional; count += 1) {
        begin = add({ kind: 'fork', next: build(node.part, begin, add, steps), other: next })
      }
      for (let count = 0; count < node.min; count += 1) begin = build(node.part, begin, add, steps)
      return begin
    }
  }
}
