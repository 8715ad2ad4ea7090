import type { AtTurnsEnd } from './write-together.ts'

interface Asked<Question, Answer> {
  readonly question: Question
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}

/**
 * Makes a question to a store that is asked together with those of the same turn, `most` at a time;
 * `ask` answers each at its place. When that fails, all of them have failed.
 */
export function gather<Question, Answer>(
  atTurnsEnd: AtTurnsEnd,
  most: number,
  ask: (questions: readonly Question[]) => Promise<readonly Answer[]>,
): (question: Question) => Promise<Answer> {
  let gathered: Asked<Question, Answer>[] = []
  const askAll = (): void => {
    const all = gathered
    gathered = []
    for (let at = 0; at < all.length; at += most) void askSome(all.slice(at, at + most))
  }
  const askSome = async (some: readonly Asked<Question, Answer>[]): Promise<void> => {
    try {
      const answers = await ask(some.map(({ question }) => question))
      for (const [at, answer] of answers.entries()) some[at]?.resolve(answer)
    } catch (error) {
      for (const { reject } of some) reject(error)
    }
  }
  return (question) =>
    new Promise((resolve, reject) => {
      if (gathered.length === 0) atTurnsEnd(askAll)
      gathered.push({ question, resolve, reject })
    })
}
