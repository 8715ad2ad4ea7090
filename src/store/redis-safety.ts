/** What the settings of a Redis say about keeping what it acknowledged. */
export interface RedisSafety {
  /** Settings that may lose mail, with what to set instead. */
  readonly problems: readonly string[]
  /** Settings that the server does not tell. */
  readonly unknown: readonly string[]
}

/** Judges the answer to `INFO`. */
export function judgeRedisSafety(info: string): RedisSafety {
  const settings = new Map(
    info
      .split(/\r?\n/)
      .filter((line) => line.includes(':'))
      .map((line): [string, string] => {
        const at = line.indexOf(':')
        return [line.slice(0, at), line.slice(at + 1)]
      }),
  )
  const appendOnly = settings.get('aof_enabled')
  const policy = settings.get('maxmemory_policy')
  return {
    problems: [
      appendOnly === '0' && '"appendonly" is "no" and has to be "yes"',
      policy !== undefined &&
        policy !== 'noeviction' &&
        `"maxmemory-policy" is "${policy}" and has to be "noeviction"`,
    ].filter((problem) => problem !== false),
    unknown: [
      appendOnly === undefined && 'appendonly',
      policy === undefined && 'maxmemory-policy',
    ].filter((setting) => setting !== false),
  }
}
