import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { defineConfig } from 'vitest/config'

/** Those that take longest, or most of the machine, whatever their size. */
const LONG =
  /test\/(?:chaos|main-job|docs|cli\/reload|content\/content-delivery|sweep\/lost-jobs|authentication\/postfix-tls|worker\/(?:delivery|faults|\w+-fleet))/

const isLong = ({ moduleId }: TestSpecification): boolean => LONG.test(moduleId)

/** Others that begin after each long one, so that long ones seldom run at once. */
const BETWEEN = 2

/** None of the long ones is left to run alone in the end, nor do they all begin together. */
class LongEarly extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- a method of vitest's
    const sorted = await super.sort(files)
    const long = sorted.filter(isLong)
    const others = sorted.filter((file) => !isLong(file))
    const early = long.flatMap((file, at) => [
      file,
      ...others.slice(at * BETWEEN, (at + 1) * BETWEEN),
    ])
    return [...early, ...others.slice(long.length * BETWEEN)]
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    // What no test is about: on a machine that others use too, all takes ten times as long.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // More than the two processors that they are sure to have: a file uses half of one, and waits else.
    maxWorkers: 4,
    sequence: { sequencer: LongEarly },
    expect: { poll: { timeout: 60_000, interval: 20 } },
  },
})
