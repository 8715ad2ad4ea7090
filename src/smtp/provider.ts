/** The providers whose replies have rules of their own. */
export const PROVIDERS = ['gmail', 'yahoo', 'exchange', 'ses', 'apple'] as const

export type Provider = (typeof PROVIDERS)[number]

/** Whose server it is: a provider's that we know, or `none` of them. */
export type ServedBy = Provider | 'none'

/** How people may write it: `exchange-online` is `exchange`. */
export const PROVIDER_NAMES = [...PROVIDERS, 'exchange-online', 'none'] as const

/** What a name stands for; undefined when it is none of ours. */
export function parseProvider(text: string): ServedBy | undefined {
  if (text === 'exchange-online') return 'exchange'
  return text === 'none' ? text : PROVIDERS.find((known) => known === text)
}

interface ServerNames {
  /** The host itself, or, with a star for one label, the hosts like it. */
  readonly hosts: readonly string[]
  readonly provider: Provider
  /** Where the provider says so. */
  readonly source: string
}

/** The names under which providers take submitted mail; data, to be kept up to date. */
export const SERVERS: readonly ServerNames[] = [
  {
    hosts: ['smtp.gmail.com', 'smtp-relay.gmail.com'],
    provider: 'gmail',
    source: 'https://support.google.com/a/answer/176600',
  },
  {
    hosts: ['smtp.office365.com', 'smtp-mail.outlook.com', '*.mail.protection.outlook.com'],
    provider: 'exchange',
    source:
      'https://learn.microsoft.com/exchange/mail-flow-best-practices/how-to-set-up-a-multifunction-device-or-application-to-send-email-using-microsoft-365-or-office-365',
  },
  {
    hosts: ['email-smtp.*.amazonaws.com', 'email-smtp-fips.*.amazonaws.com'],
    provider: 'ses',
    source: 'https://docs.aws.amazon.com/general/latest/gr/ses.html',
  },
  {
    hosts: ['smtp.mail.yahoo.com'],
    provider: 'yahoo',
    source: 'https://help.yahoo.com/kb/SLN4075.html',
  },
  {
    hosts: ['smtp.mail.me.com'],
    provider: 'apple',
    source: 'https://support.apple.com/102525',
  },
]

/** Whose server `server` is by its name; undefined when the name says nothing. */
export function providerOf(server: string): Provider | undefined {
  const labels = labelsOf(server)
  return SERVERS.find(({ hosts }) => hosts.some((host) => isLike(labels, labelsOf(host))))?.provider
}

function labelsOf(host: string): readonly string[] {
  return host.toLowerCase().replace(/\.$/, '').split('.')
}

function isLike(labels: readonly string[], pattern: readonly string[]): boolean {
  return (
    labels.length === pattern.length &&
    pattern.every((label, at) => label === '*' || label === labels[at])
  )
}
