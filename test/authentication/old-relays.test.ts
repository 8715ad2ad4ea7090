import { expect, test } from 'vitest'

import { verifyManager } from '../../src/connections/verify.ts'
import { createCertificate } from '../support/certificate.ts'
import { startMta } from '../support/mta.ts'
import { managerFor } from '../support/resolved-manager.ts'
import { describeMtaWithLogins } from '../support/servers/describe-servers.ts'
import { sessionWith } from '../support/test-session.ts'

const authority = createCertificate({ hosts: ['Authority'], isAuthority: true })
const certificate = createCertificate({ hosts: ['127.0.0.1'], issuer: authority })

await describeMtaWithLogins('a relay that knows no secure renegotiation (RFC 5746)', () => {
  test.for<[protocol: string, version: string, problem: string]>([
    ['TLSv1', 'TLS1.0', 'tls.too-old'],
    ['TLSv1.2', 'TLS1.2', 'tls.no-secure-renegotiation'],
  ])('and speaks %s is delivered to by `legacy` alone', async ([protocol, version, problem]) => {
    const tlsPriority = `NORMAL:-VERS-ALL:+VERS-${version}:%DISABLE_SAFE_RENEGOTIATION`
    await using exim = await startMta({ certificate, tlsPriority })
    const tlsOptions = { ca: authority.cert }
    const { manager } = await managerFor(exim, { tls: 'starttls', tlsOptions })
    expect(await verifyManager(manager, { env: {} })).toMatchObject({
      ok: false,
      problem,
      advice: expect.stringContaining('`tlsOptions.legacy`'),
    })
    using session = await sessionWith(exim, {
      tls: 'starttls',
      tlsOptions: { ...tlsOptions, legacy: true },
    })
    expect(session.security).toMatchObject({ protocol, isVerified: true })
    const body = Buffer.from('Subject: hello\r\n\r\nHello\r\n')
    const envelope = { from: 'ann@example.org', to: ['bob@example.com'] }
    const hooks = { beforeDot: () => Promise.resolve(true) }
    expect(await session.deliver(envelope, body, hooks)).toMatchObject({ kind: 'accepted' })
    await expect.poll(() => exim.messages()).toMatchObject([{ from: 'ann@example.org' }])
  })
})
