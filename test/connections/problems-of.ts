import { InvalidConfigurationError } from '../../src/connections/errors.ts'
import type { ConfigurationIssue } from '../../src/connections/configuration-issue.ts'

/** All problems for which `run` refuses a configuration. */
export function problemsOf(run: () => unknown): readonly ConfigurationIssue[] {
  try {
    run()
  } catch (error) {
    if (error instanceof InvalidConfigurationError) return error.issues
    throw error
  }
  throw new Error('expected the configuration to be refused')
}
