import type { UnknownProperties } from './unknown-properties.ts'
import { isProperties } from './unknown-properties.ts'

/** Mail services whose server, TLS mode and limits are known; their names are said in `service`. */
export const SERVICES = ['exchange-online', 'gmail'] as const

export type Service = (typeof SERVICES)[number]

/**
 * What a service means as properties; whatever is said beside it wins. The limits are those of one
 * mailbox, as the services tell them:
 *
 * - Exchange Online: three connections at once, 30 messages a minute, 10,000 recipients a day
 *   (https://learn.microsoft.com/exchange/troubleshoot/send-emails/smtp-submission-improvements, and
 *   https://learn.microsoft.com/office365/servicedescriptions/exchange-online-service-description/exchange-online-limits).
 *   What a whole tenant may send outside depends on its licenses, and is not counted here.
 * - Gmail: 2,000 messages and 10,000 recipients a day, 100 recipients of a message by SMTP
 *   (https://support.google.com/a/answer/166852). That of those at most 3,000 may be outside of the
 *   Workspace is not counted here. How many connections it allows, Google does not tell.
 *
 * Both count the last 24 hours: of what may be sent in a day a quarter goes at once and the rest by and
 * by, so that no day, wherever it begins, has more than is allowed.
 */
const PROPERTIES: Readonly<Record<Service, UnknownProperties>> = {
  'exchange-online': {
    server: 'smtp.office365.com',
    port: 587,
    tls: 'starttls',
    limits: {
      sessions: 3,
      rate: [
        { messages: 30, per: '1m' },
        { recipients: 7_500, per: '1d', burst: 2_500 },
      ],
    },
  },
  gmail: {
    server: 'smtp.gmail.com',
    port: 587,
    tls: 'starttls',
    limits: {
      recipientsPerTransaction: 100,
      rate: [
        { messages: 1_500, per: '1d', burst: 500 },
        { recipients: 7_500, per: '1d', burst: 2_500 },
      ],
    },
  },
}

const GOOGLE_TOKENS = 'https://oauth2.googleapis.com/token'

/** The properties that `properties.service` stands for; none when it is not one that we know. */
export function expandService(properties: UnknownProperties): UnknownProperties {
  const service = SERVICES.find((name) => name === properties['service'])
  return service === undefined ? {} : PROPERTIES[service]
}

/** `properties` with a login at `service` that knows where its tokens come from. */
export function withTokenUrl(properties: UnknownProperties): UnknownProperties {
  const { service, auth } = properties
  if (service !== 'gmail' || !isProperties(auth)) return properties
  const { method, grant, tokenUrl, tenant } = auth
  const isMeant = method === 'oauth2' && grant === 'refresh-token'
  if (!isMeant || tokenUrl !== undefined || tenant !== undefined) return properties
  return { ...properties, auth: { ...auth, tokenUrl: GOOGLE_TOKENS } }
}
