import * as z from 'zod'

/** The most that is read of an answer, in bytes: tokens have a few thousand. */
const MAX_BYTES = 1_048_576

/**
 * The body of an answer, whole, or its beginning when it is endless. Throws what the network or the
 * signal of the request says when it does not come.
 */
export async function bodyOf({ body }: Response): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body ?? []) {
    chunks.push(chunk)
    length += chunk.length
    if (length > MAX_BYTES) break
  }
  return Buffer.concat(chunks).subarray(0, MAX_BYTES)
}

/**
 * The answer without what nobody here asked for, and a library would refuse it by:
 * - `id_token`, which comes where `openid` was once allowed too, of an issuer that nobody here knows.
 *   The tokens beside it are good, and the refresh token before them perhaps is not any more.
 * - The challenge that a 401 has to have (RFC 6749 §5.2): the body says why.
 */
export function plainAnswer({ status, headers }: Response, body: Buffer): Response {
  const kept = new Headers(headers)
  kept.delete('www-authenticate')
  // A status such as 204 has no body, not even an empty one.
  const text = body.length === 0 ? null : withoutIdToken(body.toString())
  return new Response(text, { status, headers: kept })
}

/** The refresh token in the body of an answer, whatever else is wrong with that. */
export function refreshTokenIn(body: Buffer): string | undefined {
  try {
    return answer.parse(JSON.parse(body.toString())).refresh_token
  } catch {
    return undefined
  }
}

const answer = z.object({ refresh_token: z.string().min(1) })

function withoutIdToken(text: string): string {
  try {
    const json: unknown = JSON.parse(text, (key, value: unknown) =>
      key === 'id_token' ? undefined : value,
    )
    return JSON.stringify(json)
  } catch {
    return text
  }
}
