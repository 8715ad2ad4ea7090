import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'

import { EXIT_MEANINGS, exitCodeOf, type ExitCode } from '../../src/cli/exit-codes.ts'

/** An error as its class tells it. */
interface ErrorClass {
  readonly code: string
  readonly name: string
  /** The doc comment's words, paragraph after paragraph. */
  readonly doc: string
}

const CLASS =
  /\/\*\*((?:(?!\*\/)[^])*?)\*\/\nexport class (\w+) extends \w+ \{\n(?:(?!\n\}\n)[^])*?override readonly code = '(\w+)'/g

/** The page about all errors: every code by the exit code that the command line has for it. */
export async function errorsPage(src: string): Promise<string> {
  const errors = await readErrors(src)
  const byExit = Map.groupBy(errors, ({ code }) => exitCodeOf(code))
  const exits = [...byExit.keys()].toSorted((a, b) => a - b)
  return `# Errors

Every error that Mailroom throws is a \`MailroomError\` with a \`code\`, which is stable; the message is
for people and says what was expected, what came and what to do. Neither holds a secret or a
mailbox's address. \`import { MailroomError } from 'mailroom'\`; match \`error.code\`, never the text.

${exits.map((exit) => section(exit, byExit.get(exit) ?? [])).join('\n')}`
}

function section(exit: ExitCode, errors: readonly ErrorClass[]): string {
  const rows = errors
    .toSorted((a, b) => a.code.localeCompare(b.code))
    .map(({ code, name, doc }) => `- \`${code}\` (\`${name}\`): ${doc}`)
  return `## Exit code ${exit}: ${EXIT_MEANINGS[exit]}

${rows.join('\n')}
`
}

async function readErrors(src: string): Promise<readonly ErrorClass[]> {
  const names = await readdir(src, { recursive: true })
  const files = names.filter((name) => name.endsWith('.ts')).toSorted()
  const texts = await Promise.all(files.map((file) => readFile(path.join(src, file), 'utf8')))
  return texts.flatMap((text) =>
    [...text.matchAll(CLASS)].map(([, comment = '', name = '', code = '']) => ({
      code,
      name,
      doc: wordsOf(comment),
    })),
  )
}

/** A comment without its stars, in one line. */
function wordsOf(comment: string): string {
  return comment
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trim())
    .join(' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
}
