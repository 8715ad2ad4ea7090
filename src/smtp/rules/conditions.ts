import type { Condition } from './rule.ts'
import type { UserCondition } from './user-rule.ts'

/** A condition in words, behind what is known to hold `already`. */
export function describeCondition(condition: Condition, already: readonly string[] = []): string {
  const { codes, digit, stages, status, text, provider } = condition
  return together([
    ...already,
    codes && oneOf(codes),
    digit && codes === undefined ? `${digit}yz` : undefined,
    status && `enhanced code ${String(status)}`,
    stages && `at ${oneOf(stages)}`,
    provider && `server of ${provider}`,
    condition.acceptedBefore && 'earlier recipients were accepted',
    condition.mayDivide && 'fewer recipients may help',
    condition.mayDropParameters && 'it used parameters that it can do without',
    text && `text ${String(text)}`,
  ])
}

/** A condition of an operator's rule in words. */
export function describeUserCondition(condition: UserCondition): string {
  const { stages, codes, digits, statuses, text, providers, connections } = condition
  return together([
    codes || digits ? oneOf([...(codes ?? []), ...(digits ?? []).map((one) => `${one}yz`)]) : '',
    statuses && `enhanced code ${oneOf(statuses)}`,
    stages && `at ${oneOf(stages)}`,
    providers && `server of ${oneOf(providers)}`,
    connections && `connection ${oneOf(connections.map((name) => JSON.stringify(name)))}`,
    text && `text ${text.source}`,
  ])
}

/** `a, b or c`. */
export function oneOf(values: readonly (string | number)[]): string {
  return values.join(', ').replace(/, ([^,]*)$/, ' or $1')
}

function together(parts: readonly (string | false | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== false && part !== '').join('; ')
}
