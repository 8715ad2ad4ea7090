import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

import { expect, test } from 'vitest'

import { createKerberos } from '../../src/connections/auth/kerberos/kerberos.ts'

const OPEN = {
  kind: 'open',
  service: 'smtp@localhost',
  principal: undefined,
  spnego: false,
} as const
const MODULE = new URL('../../src/connections/auth/kerberos/kerberos.ts', import.meta.url)

test('a process that the system does not start answers that it has ended, each time', async () => {
  await using kerberos = createKerberos()
  const login = new AbortController()
  // Longer than an argument may be: the system says so at once.
  const identity = { name: 'nobody', keytab: 'x'.repeat(200_000) }
  for (let time = 0; time < 2; time++) {
    const ask = kerberos.as(identity, login.signal)
    expect(await ask(OPEN)).toEqual({ kind: 'ended' })
    expect(await ask(OPEN)).toEqual({ kind: 'ended' })
  }
})

test('a process for which there are no descriptors left answers that it has ended', async () => {
  const program = `
    import { openSync, closeSync } from 'node:fs'
    import { createKerberos } from ${JSON.stringify(MODULE.href)}
    const taken = []
    try {
      for (;;) taken.push(openSync('/dev/null'))
    } catch {}
    const kerberos = createKerberos()
    const ask = kerberos.as({ name: 'the process', keytab: undefined }, new AbortController().signal)
    const answer = await ask(${JSON.stringify(OPEN)}).catch(String)
    taken.forEach((one) => closeSync(one))
    await kerberos[Symbol.asyncDispose]()
    console.log(JSON.stringify([answer, taken.length > 0]))
  `
  const args = ['-c', 'ulimit -n 64 && exec "$0" --input-type=module -e "$1"']
  const run = promisify(execFile)
  const { stdout } = await run('sh', [...args, process.execPath, program])
  expect(JSON.parse(stdout)).toEqual([{ kind: 'ended' }, true])
})
