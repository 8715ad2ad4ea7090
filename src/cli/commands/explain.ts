import type { ConnectionManager } from '../../connections/connection-manager.ts'
import { adviceOf, remedyFor } from '../../connections/remedies/find.ts'
import { explain, type Explanation } from '../../smtp/explain.ts'
import { parseProvider, PROVIDER_NAMES } from '../../smtp/provider.ts'
import { parseReply, type Reply } from '../../smtp/reply.ts'
import { listRules } from '../../smtp/rules/catalog.ts'
import { USER_STAGES } from '../../smtp/rules/user-rule.ts'
import { RULES_VERSION } from '../../smtp/rules/version.ts'
import { STAGES, type Stage } from '../../smtp/stage.ts'
import type { JudgeContext } from '../../smtp/verdict.ts'
import { COMMON_OPTIONS, parseCommandLine } from '../command-line.ts'
import type { Command } from '../context.ts'
import { UsageError } from '../errors.ts'
import { EXIT } from '../exit-codes.ts'
import { drawExplanation } from '../explanation.ts'
import { ruleRow } from '../rule-row.ts'
import { loadSetup, type Setup } from '../setup.ts'

const OPTIONS = {
  ...COMMON_OPTIONS,
  stage: { type: 'string' },
  provider: { type: 'string' },
  connection: { type: 'string' },
  'accepted-before': { type: 'boolean' },
  rules: { type: 'boolean' },
} as const

/** `mailroom explain`: what a reply means, and why. */
export const explainReply: Command = {
  help: `mailroom explain: what a server's reply means, and which rule says so

Usage: mailroom explain REPLY [options]
       mailroom explain --rules [options]

REPLY is what a server said, such as '550 5.1.1 no such user', its lines parted by \\n; nothing is
connected to. The rules of the configuration are asked first.

  --stage STAGE         where it was said: ${USER_STAGES.join(', ')}, after;
                        at each of them by default
  --connection NAME     to this connection manager, at the provider that it has
  --provider PROVIDER   by a server of gmail, exchange, ses, yahoo or apple, or of none of them
  --accepted-before     recipients before it were accepted, which matters at rcpt
  --rules               list all rules instead, in the order in which they are asked

What a server said to one message is told by "mailroom messages show ID".

Examples:
  mailroom explain '550 5.7.1 relaying denied' --stage rcpt
  mailroom explain '421 4.7.0 [TSS04] deferred' --stage mail --provider yahoo
  mailroom explain '550-5.7.1 blocked\\n550 5.7.1 see our policy' --stage dot
  mailroom explain --rules | jq -r .rule
`,
  options: OPTIONS,
  completes: 'connections',
  run: async (args, context) => {
    const { values, positionals } = parseCommandLine('explain', args, OPTIONS, Infinity)
    // Without quotes the shell hands the reply over word by word.
    const text = positionals.length === 0 ? undefined : positionals.join(' ')
    if ((text === undefined) === (values.rules !== true)) {
      throw new UsageError(
        '"explain" expects a reply such as "550 5.1.1 no such user", or "--rules", and not both',
      )
    }
    const reply = text === undefined ? undefined : replyOf(text)
    const stage = values.stage === undefined ? undefined : stageOf(values.stage)
    const setup = await loadSetup(values, context, { usesQueue: false })
    const judging = judgingOf(values, setup)
    const { terminal } = setup
    if (reply === undefined) {
      terminal.table(listRules(setup.config.rules).map(ruleRow))
      terminal.remark(`version ${RULES_VERSION} of the rules`)
    } else if (stage === undefined) {
      terminal.table(USER_STAGES.map((at) => rowOf(at, explainAt(at, reply, judging))))
    } else {
      const told = explainAt(stage, reply, judging)
      const { verdict, ...rest } = told
      const remedy = remedyFor({ kind: 'reply', stage, reply }, managerOf(values, setup))
      const todo = remedy && { problem: remedy.id, advice: adviceOf(remedy) }
      const facts = { stage, ...reply, ...verdict, ...todo, ...rest, version: RULES_VERSION }
      terminal.show(facts, () => drawExplanation(told, terminal, todo?.advice))
    }
    return EXIT.ok
  },
}

/** The line break as people write it in one argument; a path such as `C:\new` has none. */
const NEXT_LINE = /(?:\\r)?\\n(?=\d{3}(?:[ -]|$))/g

function replyOf(text: string): Reply {
  const reply = parseReply(text.replaceAll(NEXT_LINE, '\n'))
  if (reply !== undefined) return reply
  const isId = /^[\w-]+$/.test(text) && !/^\d+$/.test(text)
  const hint = isId ? `; for a message see "mailroom messages show ${text}"` : ''
  throw new UsageError(
    `"explain" expects a reply that begins with a code from 200 to 599 and a space, got ${JSON.stringify(text)}${hint}`,
  )
}

function stageOf(text: string): Stage {
  const stage = STAGES.find((known) => known === text.toLowerCase())
  if (stage !== undefined) return stage
  throw new UsageError(`"--stage" expects one of ${STAGES.join(', ')}, got ${JSON.stringify(text)}`)
}

function managerOf(
  { connection }: { readonly connection?: string | undefined },
  { config }: Pick<Setup, 'config'>,
): ConnectionManager | undefined {
  return connection === undefined ? undefined : config.connections.get(connection)
}

function judgingOf(
  values: {
    readonly provider?: string | undefined
    readonly connection?: string | undefined
    readonly 'accepted-before'?: boolean | undefined
  },
  { config }: Pick<Setup, 'config'>,
): JudgeContext {
  const { rules } = config
  const { connection } = values
  const manager = managerOf(values, { config })
  const given =
    values.provider === undefined ? undefined : parseProvider(values.provider.toLowerCase())
  if (values.provider !== undefined && given === undefined) {
    throw new UsageError(
      `"--provider" expects one of ${PROVIDER_NAMES.join(', ')}, got ${JSON.stringify(values.provider)}`,
    )
  }
  const acceptedBefore = values['accepted-before'] === true
  // One transaction of several recipients, as if it were the first.
  return {
    rules,
    connection,
    provider: given ?? manager?.provider,
    acceptedBefore,
    splitBefore: false,
  }
}

function explainAt(stage: Stage, reply: Reply, judging: JudgeContext): Explanation {
  return explain({ kind: 'reply', stage, reply }, judging)
}

function rowOf(stage: Stage, { verdict }: Explanation) {
  const { message, manager, scope, rule } = verdict
  return { stage, message, manager, scope, class: verdict.class, rule }
}
