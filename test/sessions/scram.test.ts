import { expect, test } from 'vitest'

import { scramSha256 } from '../../src/connections/auth/mechanisms/scram.ts'
import { createSecret } from '../../src/connections/secret.ts'

const NONCE = 'rOprNGfwEbeRWgbNEkqO'
const SERVER_NONCE = `${NONCE}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0`
const SALT = 'W22ZaJ0SNY7soEsUEjb6gQ=='
const SERVER_FIRST = `r=${SERVER_NONCE},s=${SALT},i=4096`
const SERVER_FINAL = 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='

/** What the client says to each challenge, and how it ends. */
async function converse(
  challenges: readonly string[],
  { user = 'user', password = 'pencil' } = {},
): Promise<readonly string[]> {
  const mechanism = scramSha256(
    {
      method: 'basic',
      user: createSecret(user),
      password: createSecret(password),
      mechanism: undefined,
      allowInsecureAuth: false,
    },
    { nonce: NONCE },
  )
  const said: string[] = []
  for (const challenge of [undefined, ...challenges]) {
    const next =
      challenge === undefined
        ? await mechanism.begin?.()
        : await mechanism.respond(Buffer.from(challenge), '')
    if (next?.kind === 'fault') return [...said, detailOf(next.fault)]
    said.push(next?.bytes.toString() ?? '')
  }
  return [...said, detailOf(mechanism.end?.())]
}

function detailOf(fault: object | undefined): string {
  if (fault === undefined) return 'logged in'
  return 'detail' in fault ? String(fault.detail) : 'another fault'
}

test('the example of RFC 7677 is answered word for word', async () => {
  expect(await converse([SERVER_FIRST, SERVER_FINAL])).toEqual([
    `n,,n=user,r=${NONCE}`,
    `c=biws,r=${SERVER_NONCE},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`,
    '',
    'logged in',
  ])
})

test.for([
  ['proves nothing', [SERVER_FIRST]],
  ['proves with another key', [SERVER_FIRST, `v=${'A'.repeat(43)}=`]],
  ['tells an error', [SERVER_FIRST, 'e=other-error']],
] as const)('a server that %s is not believed', async ([, challenges]) => {
  expect((await converse(challenges)).at(-1)).toMatch(/did not prove/)
})

test.for([
  ['another nonce', `r=${'x'.repeat(40)},s=${SALT},i=4096`, /not SCRAM/],
  ['only our nonce', `r=${NONCE},s=${SALT},i=4096`, /not SCRAM/],
  ['no salt', `r=${SERVER_NONCE},s=,i=4096`, /not SCRAM/],
  ['something else', 'VXNlcm5hbWU6', /not SCRAM/],
  ['too few iterations', `r=${SERVER_NONCE},s=${SALT},i=1`, /expected 4096 to 2000000 iterations/],
  ['endless iterations', `r=${SERVER_NONCE},s=${SALT},i=999999999`, /iterations/],
  ['half an iteration', `r=${SERVER_NONCE},s=${SALT},i=4096.5`, /demands something else/],
  ['an extension', `m=x,${SERVER_FIRST}`, /extension/],
] as const)('a server that sends %s gets no proof', async ([, first, detail]) => {
  const said = await converse([first])
  expect(said).toHaveLength(2)
  expect(said.at(-1)).toMatch(detail)
})

test.for([
  ['IX', 'I­X'],
  ['user', 'user'],
  ['IX', 'Ⅸ'],
] as const)('the password %j is the same as %j (RFC 4013)', async ([plain, written]) => {
  const [, proof] = await converse([SERVER_FIRST], { password: plain })
  expect((await converse([SERVER_FIRST], { password: written }))[1]).toBe(proof)
})

test('a name with commas and equals signs is escaped', async () => {
  expect((await converse([], { user: 'a=b,c' }))[0]).toBe(`n,,n=a=3Db=2Cc,r=${NONCE}`)
})

test('a password that SCRAM does not allow is refused before anything is said', async () => {
  expect(await converse([], { user: 'a\u0007b' })).toEqual([expect.stringMatching(/RFC 4013/)])
})
