import { expect, test } from 'vitest'

import { parseConfig } from '../../src/connections/config.ts'
import { parseLocation } from '../../src/store/location.ts'
import { openPostgresStore } from '../../src/store/postgres.ts'
import { problemsOf } from '../connections/problems-of.ts'

test.for([
  'redis://localhost',
  'REDISS://localhost',
  'redis+sentinel://localhost/main',
  'rediss+sentinel://localhost/main',
  'redis+cluster://localhost,localhost:7001',
  'rediss+cluster://localhost',
  ' postgres://localhost/mail',
  'PostgreSQL://localhost/mail',
  'embedded:data',
])('a configuration and the stores take %s', (queue) => {
  expect(() => load({ queue })).not.toThrow()
  expect(() => parseLocation(queue)).not.toThrow()
})

test.for([
  'http://s3cret@nonsense',
  'rediss+ring://localhost',
  'Embedded:data',
  'redis:localhost',
  'localhost:6379',
  ' ',
])('a configuration refuses %s in the words of the stores', (queue) => {
  const [told] = problemsOf(() => load({ queue }))
  expect(told).toEqual({
    path: ['queue'],
    code: 'INVALID_VALUE',
    message: thrownBy(() => parseLocation(queue)),
  })
})

test.for(['Mail-Room', '1st', 'a'.repeat(41), 'mail room', 'mail\n', ''])(
  'a configuration refuses the schema %j in the words of the stores',
  async (schema) => {
    const [told] = problemsOf(() => load({ schema }))
    const parts = /^expected (?<expected>.*)$/s.exec(told?.message ?? '')?.groups
    const opening = openPostgresStore({
      location: 'a test',
      parameters: () => Promise.resolve({}),
      patience: 'wait',
      schema,
      migrate: false,
      onError: () => undefined,
    })
    await expect(opening).rejects.toMatchObject({
      message: expect.stringContaining(`"schema" to be ${parts?.['expected']}, got`),
    })
  },
)

test.for(['mailroom', '_a1', 'a'.repeat(40)])('both take the schema %s', async (schema) => {
  expect(() => load({ schema })).not.toThrow()
  await using _store = await openPostgresStore({
    location: 'a test',
    parameters: () => Promise.resolve({}),
    patience: 'wait',
    schema,
    migrate: false,
    onError: () => undefined,
  })
})

/** A configuration that says this, as it is read. */
function load(input: object): unknown {
  return parseConfig({ connections: {}, ...input })
}

function thrownBy(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (error instanceof Error) return error.message
  }
  return 'nothing'
}
