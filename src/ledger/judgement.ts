import type { Judgement, RecipientOutcome } from './ledger.ts'

/** Longer replies are cut: the guard of a message must stay small. */
const MAX_TEXT_BYTES = 200

/** A judgement as both stores keep it; empty when nothing is known. */
export function encodeJudgement(judgement: Judgement | undefined): string {
  if (judgement === undefined) return ''
  const { code, status, stage, rule, text } = judgement
  const kept = text === undefined ? text : clip(text, MAX_TEXT_BYTES)
  const fields = [code, status, stage, rule, kept]
  while (fields.length > 0 && fields.at(-1) === undefined) fields.pop()
  // An absent field becomes null.
  return fields.length === 0 ? '' : JSON.stringify(fields)
}

/** An outcome's judgement; a plain success keeps its codes and not its text. */
export function encodeOutcome(outcome: RecipientOutcome): string {
  return encodeJudgement(outcome.state === 'delivered' ? withoutText(outcome) : outcome)
}

/** A settlement's last judgement; of a plain success without its text. */
export function encodeLast(last: Judgement | undefined): string {
  const isSuccess = last?.code !== undefined && last.code >= 200 && last.code < 300
  return encodeJudgement(isSuccess ? withoutText(last) : last)
}

/** Reads what the functions above wrote. Throws `SyntaxError` for anything else. */
export function decodeJudgement(encoded: string | null | undefined): Judgement | undefined {
  if (encoded === null || encoded === undefined || encoded === '') return undefined
  const fields: unknown = JSON.parse(encoded)
  if (!Array.isArray(fields)) throw new SyntaxError('expected a judgement')
  const [code, status, stage, rule, text]: readonly unknown[] = fields
  return {
    ...(typeof stage === 'string' && { stage }),
    ...(typeof code === 'number' && { code }),
    ...(typeof status === 'string' && { status }),
    ...(typeof text === 'string' && { text }),
    ...(typeof rule === 'string' && { rule }),
  }
}

function withoutText({ code, status, stage, rule }: Judgement): Judgement {
  return {
    ...(code !== undefined && { code }),
    ...(status !== undefined && { status }),
    ...(stage !== undefined && { stage }),
    ...(rule !== undefined && { rule }),
  }
}

/** The beginning of a text, of so many bytes at most and without half a character. */
export function clip(text: string, maxBytes: number): string {
  if (Buffer.byteLength(text) <= maxBytes) return text
  const bytes = Buffer.from(text)
  let end = maxBytes
  // Bytes 10xxxxxx continue a character: never cut inside of one.
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1
  return bytes.toString('utf8', 0, end)
}
