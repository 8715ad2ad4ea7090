import { formatDuration } from '../../src/duration.ts'
import { ANSWERS } from '../../src/smtp/rules/answers.ts'
import { listRules, type CatalogRule } from '../../src/smtp/rules/catalog.ts'
import { SERVERS } from '../../src/smtp/provider.ts'
import { RULES_VERSION } from '../../src/smtp/rules/version.ts'

const FAMILIES: readonly (readonly [prefix: string, heading: string])[] = [
  ['provider.', 'Texts of providers'],
  ['stage.', 'Stages'],
  ['enhanced.', 'Enhanced status codes'],
  ['basic.', 'Reply codes'],
]

/** The page about all rules by which replies are judged. */
export function rulesPage(): string {
  const rules = listRules()
  const families = FAMILIES.map(([prefix, heading]) => {
    const rows = rules.filter(({ id }) => id.startsWith(prefix)).map(rowOf)
    return `## ${heading}\n\n${HEAD}\n${rows.join('\n')}`
  })
  const answers = Object.entries(ANSWERS).map(([name, { early, soft, hard }]) => {
    const cells = [early, soft, hard].map(({ message, manager }) => `${message}, ${manager}`)
    return `| ${name} | ${cells.join(' | ')} |`
  })
  const servers = SERVERS.map(
    ({ hosts, provider, source }) =>
      `| ${provider} | ${hosts.map((host) => `\`${host}\``).join(', ')} | <${source}> |`,
  )
  return `# Rules

[verdicts.md](../verdicts.md) tells how a reply is judged. This is version ${RULES_VERSION} of the rules, in the
order in which they are asked; those of the configuration come before them. \`mailroom explain --rules\`
prints the same with them.

## What the classes ask for

Of the message, then of the connection manager, where the rule says no more.

| class | before MAIL | at 4yz | at 5yz |
| --- | --- | --- | --- |
${answers.join('\n')}

## Servers of providers

| provider | servers | source |
| --- | --- | --- |
${servers.join('\n')}

${families.join('\n\n')}
`
}

const HEAD =
  '| rule | when | class | about | more | source |\n| --- | --- | --- | --- | --- | --- |'

function rowOf(rule: CatalogRule): string {
  const { id, when, class: kind, scope, message, manager, minDelayMs, alert, suppress } = rule
  const more = [
    message && `message: ${message}`,
    manager && `manager: ${manager}`,
    minDelayMs === undefined ? undefined : `waits ${formatDuration(minDelayMs)}`,
    alert && 'alert',
    suppress && 'suppress',
  ].filter((one) => one !== undefined)
  const cells = [`\`${id}\``, code(when), kind, scope ?? '', more.join(', '), rule.source]
  return `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`
}

/** Patterns have stars and brackets, which are none of Markdown's. */
function code(when: string): string {
  return when.includes('/') ? `\`${when}\`` : when
}
