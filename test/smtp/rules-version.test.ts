import { createHash } from 'node:crypto'

import { expect, test } from 'vitest'

import { ANSWERS } from '../../src/smtp/rules/answers.ts'
import { BASIC_RULES, OTHER_CODES } from '../../src/smtp/rules/basic.ts'
import { ENHANCED_RULES } from '../../src/smtp/rules/enhanced.ts'
import { PROVIDER_RULES } from '../../src/smtp/rules/providers.ts'
import { SECURITY_RULES } from '../../src/smtp/rules/security.ts'
import { FAULT_RULES, STAGE_RULES } from '../../src/smtp/rules/stages.ts'
import { RULES_VERSION } from '../../src/smtp/rules/version.ts'

test('the version of the tables is raised whenever one of them changes', () => {
  const tables = {
    ANSWERS,
    BASIC_RULES,
    OTHER_CODES,
    ENHANCED_RULES,
    PROVIDER_RULES,
    SECURITY_RULES,
    FAULT_RULES,
    STAGE_RULES,
  }
  const text = JSON.stringify(tables, (_, value: unknown) =>
    value instanceof RegExp ? String(value) : value,
  )
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 16)
  // Another digest? Raise RULES_VERSION, say in CHANGELOG.md what is judged otherwise, pin it here.
  expect({ version: RULES_VERSION, digest }).toEqual({ version: 4, digest: '6016ea0d52b6d024' })
})
