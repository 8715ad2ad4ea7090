/** What somebody needs of a whole that is shared, and what he would like to have at most. */
export interface Demand {
  readonly needs: number
  readonly likes: number
}

/**
 * Shares out `whole` in whole numbers: to everybody what he needs, and when that is too much, to
 * everybody the same but to nobody more than he needs. What is left goes the same way to those who
 * would like more. Where it does not come out even, the first ones have one more.
 */
export function fairShares(whole: number, demands: readonly Demand[]): readonly number[] {
  const needed = spread(
    whole,
    demands.map(({ needs }) => needs),
  )
  const left = whole - needed.reduce((sum, share) => sum + share, 0)
  const extra = spread(
    left,
    demands.map(({ likes }, index) => Math.max(0, likes - (needed[index] ?? 0))),
  )
  return needed.map((share, index) => share + (extra[index] ?? 0))
}

function spread(whole: number, wishes: readonly number[]): readonly number[] {
  const shares = wishes.map(() => 0)
  let left = whole
  let hungry = [...wishes.keys()].filter((index) => (wishes[index] ?? 0) > 0)
  const give = (index: number, most: number): void => {
    const more = Math.min(most, (wishes[index] ?? 0) - (shares[index] ?? 0))
    shares[index] = (shares[index] ?? 0) + more
    left -= more
  }
  while (left >= hungry.length && hungry.length > 0) {
    const each = Math.floor(left / hungry.length)
    for (const index of hungry) give(index, each)
    hungry = hungry.filter((index) => (shares[index] ?? 0) < (wishes[index] ?? 0))
  }
  for (const index of hungry.slice(0, Math.max(0, left))) give(index, 1)
  return shares
}
