import { COMMANDS } from '../../src/cli/commands.ts'
import { EXIT_MEANINGS } from '../../src/cli/exit-codes.ts'
import { HELP } from '../../src/cli/help.ts'

/** The page about all commands: what `mailroom help` says of each. */
export async function commandsPage(): Promise<string> {
  const sections = await Promise.all(
    Object.entries(COMMANDS).map(async ([name, entry]) => {
      const { help } = await entry.load()
      return `## mailroom ${name}\n\n${block(help)}`
    }),
  )
  const exits = Object.entries(EXIT_MEANINGS).map(([code, meaning]) => `| ${code} | ${meaning} |`)
  return `# Commands

[cli.md](../cli.md) explains how they belong together; this page is what \`mailroom help\` prints.

${block(HELP)}

${sections.join('\n\n')}

## Exit codes

| code | meaning |
| ---: | --- |
${exits.join('\n')}
`
}

function block(text: string): string {
  return `\`\`\`text\n${text.trim()}\n\`\`\``
}
