import type { Remedy } from './remedy.ts'

/** Where there is no access token, or the mail server does not take it. */
export const OAUTH2_REMEDIES: readonly Remedy[] = [
  {
    id: 'oauth2.clock-skew',
    when: { causes: ['TOKEN_CLOCK_SKEW'] },
    problem: "this machine's clock differs from the token endpoint's",
    advice: 'Let this machine, or the host of its containers, take its time from NTP.',
  },
  {
    id: 'oauth2.endpoint-away',
    when: { causes: ['TOKEN_ENDPOINT_AWAY'] },
    problem: 'the token endpoint cannot be reached, or is not well',
    advice:
      'Let this machine reach it over HTTPS, through the firewall and its proxy. If it answers 429 or 5yz, wait: it is asked again by itself, and no mail is lost.',
  },
  {
    id: 'oauth2.client-refused',
    when: { causes: ['TOKEN_CLIENT_REFUSED'] },
    problem: 'the token endpoint does not take the program for what it says it is',
    advice:
      'Compare `clientId` and `clientSecret` with the registration. At Microsoft Entra the secret is its _value_, not its id, and it expires; a `certificate` has to be uploaded there.',
  },
  {
    id: 'oauth2.grant-refused',
    when: { causes: ['TOKEN_GRANT_REFUSED'] },
    problem: 'what the token is asked for with has expired, was withdrawn, or was used before',
    advice:
      'Get a new `refreshToken` from the owner of the mailbox. For a service account compare `clientEmail` and the key, and the mailbox in `user`.',
  },
  {
    id: 'oauth2.not-allowed',
    when: { causes: ['TOKEN_NOT_ALLOWED'] },
    problem: 'the program may not have such a token',
    advice:
      'At Microsoft Entra give it the application permission SMTP.SendAsApp and consent to it; at Google allow the client id of the service account the scope https://mail.google.com/ in the admin console. Leave `scope` out unless another is needed.',
  },
  {
    id: 'oauth2.no-endpoint',
    when: { causes: ['TOKEN_NO_ENDPOINT'] },
    problem: 'what answers at `tokenUrl` is no token endpoint',
    advice: 'Compare `tokenUrl`, or `tenant`, with the registration.',
  },
]
