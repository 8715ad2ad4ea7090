import type { OptionValues } from '../command-line.ts'
import { UsageError } from '../errors.ts'
import type { MailToSend } from '../read-mail.ts'
import type { MailingRequest } from './send-mailing.ts'

/** The options of `send` for a message to many. */
export const MAILING_OPTIONS = {
  'to-file': { type: 'string' },
  separator: { type: 'string' },
  campaign: { type: 'string' },
  errors: { type: 'string' },
  'dry-run': { type: 'boolean' },
} as const

type MailingValues = OptionValues<typeof MAILING_OPTIONS>

/** Options for one message, which make no sense for many. */
const FOR_ONE = ['to', 'envelope-to', 'key', 'wait'] as const

/** Throws `UsageError` for options that do not belong together. */
export function checkMailingOptions(
  values: MailingValues & Readonly<Partial<Record<(typeof FOR_ONE)[number], unknown>>>,
): void {
  const isMailing = values['to-file'] !== undefined
  const others = Object.keys(MAILING_OPTIONS).filter((name) => name !== 'to-file')
  const wrong = (isMailing ? FOR_ONE : others).find((name) => Object.hasOwn(values, name))
  if (wrong !== undefined) {
    throw new UsageError(
      isMailing
        ? `"--${wrong}" is for one message, and "--to-file" for many: give one of them`
        : `"--${wrong}" belongs to "--to-file": give both`,
    )
  }
  const { separator, campaign } = values
  if (separator !== undefined && ![',', ';', '|', '\t'].includes(tabOr(separator))) {
    throw new UsageError('"--separator" expects one of , ; | and tab')
  }
  if (campaign !== undefined && !/^[\w.-]{1,100}$/.test(campaign)) {
    throw new UsageError(
      '"--campaign" expects 1 to 100 letters, digits, dots, dashes or underscores',
    )
  }
}

/** What `--to-file` asks for; undefined without it. */
export function mailingOf(
  values: MailingValues,
  { mail, attachmentRoots }: Pick<MailToSend, 'mail' | 'attachmentRoots'>,
): MailingRequest | undefined {
  const { separator, campaign, errors } = values
  const toFile = values['to-file']
  if (toFile === undefined) return undefined
  return {
    mail,
    attachmentRoots,
    toFile,
    separator: separator && tabOr(separator),
    campaign,
    errors,
    isDryRun: values['dry-run'] === true,
  }
}

/** Shells make it hard to write a tab. */
function tabOr(separator: string): string {
  return separator === String.raw`\t` || separator === 'tab' ? '\t' : separator
}
