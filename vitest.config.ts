import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { defineConfig } from 'vitest/config'

/** Those that take longest, whatever their size, begin first: none of them runs alone in the end. */
const LONG =
  /test\/(?:chaos|main-job|docs|cli\/reload|content\/content-delivery|sweep\/lost-jobs|worker\/(?:delivery|faults|health-fleet|tokens-fleet))/

const isLong = ({ moduleId }: TestSpecification): boolean => LONG.test(moduleId)

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- a method of vitest's
    const sorted = await super.sort(files)
    return sorted.toSorted((a, b) => Number(isLong(b)) - Number(isLong(a)))
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // More than the two processors that they are sure to have: most tests wait for something.
    maxWorkers: 3,
    sequence: { sequencer: LongFirst },
    expect: { poll: { timeout: 30_000, interval: 20 } },
  },
})
