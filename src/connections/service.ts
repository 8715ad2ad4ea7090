import type { UnknownProperties } from './unknown-properties.ts'
import { isProperties } from './unknown-properties.ts'

/** Mail services whose server, TLS mode and limits are known; their names are said in `service`. */
export const SERVICES = ['exchange-online', 'gmail'] as const

export type Service = (typeof SERVICES)[number]

/**
 * What a service means as properties; whatever is said beside it wins.
 *
 * Of what may be sent in a day a quarter goes at once and the rest by and by, so that no day, wherever
 * it begins, has more than is allowed.
 */
const PROPERTIES: Readonly<Record<Service, UnknownProperties>> = {
  // https://learn.microsoft.com/office365/servicedescriptions/exchange-online-service-description/exchange-online-limits
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
  // https://support.google.com/a/answer/166852
  gmail: {
    server: 'smtp.gmail.com',
    port: 587,
    tls: 'starttls',
    limits: {
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
