import { REMEDIES } from '../../src/connections/remedies/find.ts'
import { SECRET_REMEDIES } from '../../src/connections/remedies/secrets.ts'

const FAMILIES: readonly (readonly [prefix: string, heading: string])[] = [
  ['secrets', 'Before anything is connected to'],
  ['dns', 'The name'],
  ['connect', 'The connection'],
  ['greeting', 'The greeting'],
  ['ehlo', 'EHLO'],
  ['tls', 'TLS'],
  ['auth', 'The login'],
  ['kerberos', 'Kerberos'],
  ['oauth2', 'OAuth 2.0'],
  ['mail', 'The sender'],
  ['rcpt', 'The recipient'],
  ['session', 'At any time'],
]

/** The page about all faults of connections that are known, and what to do. */
export function problemsPage(): string {
  const all = [...SECRET_REMEDIES, ...REMEDIES]
  const homeless = all.filter(({ id }) => !FAMILIES.some(([prefix]) => id.startsWith(`${prefix}.`)))
  if (homeless.length > 0) {
    throw new Error(`expected a heading for ${homeless.map(({ id }) => id).join(', ')}`)
  }
  const families = FAMILIES.map(([prefix, heading]) => {
    const rows = all
      .filter(({ id }) => id.startsWith(`${prefix}.`))
      .map(({ id, problem, advice }) => `| \`${id}\` | ${problem} | ${escaped(advice)} |`)
    return `## ${heading}\n\n| problem | what is wrong | what to do |\n| --- | --- | --- |\n${rows.join('\n')}`
  })
  return `# Problems of connections

What \`mailroom connections verify\`, \`mailroom doctor\`, \`mailroom connections health\` and the event
\`parked\` call a fault by, and what they tell to do, and for mail that was refused \`mailroom messages show\`
and \`mailroom explain\`. As JSON they have \`problem\` and \`advice\`; the events of messages \`problem\` alone.

${families.join('\n\n')}
`
}

function escaped(text: string): string {
  return text.replaceAll('|', String.raw`\|`)
}
