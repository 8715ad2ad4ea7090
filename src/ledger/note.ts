import * as z from 'zod'

import { clip, decodeJudgement, encodeJudgement } from './judgement.ts'
import type { AttemptNote, NotedOutcome } from './timeline.ts'
import { letterOf, stateOf } from './standing.ts'

/** The most that is kept of one conversation; first and last lines stay. */
const MAX_CONVERSATION_BYTES = 4_096
const MAX_LINE_BYTES = 512
/** Ways in which recipients of one transaction came out; servers know a handful. */
const MAX_WAYS = 20

/** A note as both stores keep it, in about 100 bytes and what was said. */
export function encodeNote(note: AttemptNote): string {
  const { attempt, part, manager, digest, worker, stage, recipient, bytes, rules, last } = note
  const judged = encodeJudgement(last)
  return JSON.stringify({
    n: attempt,
    ...(part > 1 && { p: part }),
    ...(manager !== undefined && { m: manager }),
    d: digest,
    w: worker,
    ...(stage !== undefined && { s: stage }),
    ...(recipient !== undefined && { i: recipient }),
    ...(bytes > 0 && { b: bytes }),
    ...(rules !== undefined && { v: rules }),
    ...(judged !== '' && { l: judged }),
    o: note.outcomes.slice(0, MAX_WAYS).map((outcome) => encodeWay(outcome, judged)),
    ...(note.unasked !== undefined && { u: note.unasked }),
    ...(note.conversation !== undefined && { c: boundConversation(note.conversation) }),
  })
}

/** Reads what `encodeNote` wrote. Throws whatever is wrong with it. */
export function decodeNote(json: string): AttemptNote {
  const stored = schema.parse(JSON.parse(json))
  const last = decodeJudgement(stored.l)
  return {
    attempt: stored.n,
    part: stored.p,
    ...(stored.m !== undefined && { manager: stored.m }),
    digest: stored.d,
    worker: stored.w,
    ...(stored.s !== undefined && { stage: stored.s }),
    ...(stored.i !== undefined && { recipient: stored.i }),
    bytes: stored.b,
    ...(stored.v !== undefined && { rules: stored.v }),
    ...(last !== undefined && { last }),
    outcomes: stored.o.map(([ranges, letter, judged = stored.l]) => ({
      ...decodeJudgement(judged),
      recipients: decodeRanges(ranges),
      state: stateOf(letter),
    })),
    ...(stored.u !== undefined && { unasked: stored.u }),
    ...(stored.c !== undefined && { conversation: stored.c }),
  }
}

const schema = z.object({
  n: z.int(),
  p: z.int().default(1),
  m: z.string().optional(),
  d: z.string(),
  w: z.string(),
  s: z.string().optional(),
  i: z.int().optional(),
  b: z.int().default(0),
  v: z.string().optional(),
  l: z.string().optional(),
  o: z.array(z.tuple([z.string(), z.string(), z.string().optional()])),
  u: z.array(z.string()).optional(),
  c: z.array(z.string()).optional(),
})

/** What is the same as the transaction's own judgement is not kept twice. */
function encodeWay(outcome: NotedOutcome, judged: string): readonly string[] {
  const own = encodeJudgement(outcome)
  const way = [encodeRanges(outcome.recipients), letterOf(outcome.state)]
  return own === judged ? way : [...way, own]
}

/** `0-2,5` for 0, 1, 2 and 5. */
function encodeRanges(indices: readonly number[]): string {
  const ranges: [first: number, last: number][] = []
  for (const index of indices.toSorted((one, other) => one - other)) {
    const range = ranges.at(-1)
    if (range !== undefined && range[1] === index - 1) range[1] = index
    else ranges.push([index, index])
  }
  return ranges.map(([first, last]) => (first === last ? first : `${first}-${last}`)).join(',')
}

function decodeRanges(text: string): readonly number[] {
  return text.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, at) => first + at)
  })
}

/** Leaves lines out in the middle until the rest fits; how it began and how it ended matter most. */
function boundConversation(lines: readonly string[]): readonly string[] {
  const clipped = lines.map((line) => clip(line, MAX_LINE_BYTES))
  const sizes = clipped.map((line) => Buffer.byteLength(line) + 3)
  let first = 0
  let last = clipped.length
  let bytes = 0
  while (first < last) {
    const takesFirst = first <= clipped.length - last
    const next = sizes[takesFirst ? first : last - 1] ?? 0
    if (bytes + next > MAX_CONVERSATION_BYTES) break
    bytes += next
    if (takesFirst) first += 1
    else last -= 1
  }
  if (first === last) return clipped
  return [...clipped.slice(0, first), `… ${last - first} lines …`, ...clipped.slice(last)]
}
