import type { Certificate } from './certificate.ts'
import type { Tricks } from './man-in-the-middle.ts'

type Rewrite = NonNullable<Tricks['rewrite']>

/** Takes STARTTLS out of what the server offers. */
export const hideStartTls: Rewrite = (said) => said.replace(/^(250[- ])STARTTLS/m, '$1XNOTHING')

/** Takes AUTH out of what the server offers. */
export const hideAuth: Rewrite = (said) => said.replace(/^(250[- ])AUTH .*$/m, '$1XNOTHING')

/** Leaves of what AUTH offers nothing but `mechanisms`, whether the server has them or not. */
export const leaveOnly =
  (mechanisms: string): Rewrite =>
  (said) =>
    said.replace(/^(250[- ]AUTH) .*$/m, `$1 ${mechanisms}`)

/** Puts `text` behind the answer to STARTTLS, before TLS begins. */
export const sayBehindStartTls =
  (text: string): Rewrite =>
  (said) =>
    said.replace(/^220 .*(?:Ready|TLS).*\r\n/, `$&${text}`)

/** Says `said` itself to the commands that begin with `verb`. */
export const answerTo =
  (verb: string, said: string): NonNullable<Tricks['answer']> =>
  (command) =>
    command.startsWith(verb) ? said : undefined

/** Is a server with TLS from the first byte. */
export const asServer = (certificate: Certificate, more: Tricks = {}): Tricks => ({
  ...more,
  tls: { mode: 'implicit', certificate },
})

/** Is a server with STARTTLS. */
export const asStartTlsServer = (
  certificate: Certificate,
  { rewrite, ...more }: Tricks = {},
): Tricks => ({
  ...more,
  tls: { mode: 'starttls', certificate },
  rewrite: (said) => offerStartTls(rewrite?.(said) ?? said),
})

const offerStartTls: Rewrite = (said) =>
  said.includes('STARTTLS') ? said : said.replace(/^250-.*\r\n/, '$&250-STARTTLS\r\n')
