import { expect, test } from 'vitest'

import { CLIENT_SECRET, MAILBOX, SCOPE, startTokenServer } from '../support/oauth/token-server.ts'
import { describeDovecot } from '../support/servers/describe-servers.ts'
import { startDovecot } from '../support/servers/dovecot.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { embeddedPlace } from '../support/stores.ts'
import { openRoom } from '../worker/mail-room.ts'

await describeDovecot('mail by OAuth 2.0', () => {
  test.for(['XOAUTH2', 'OAUTHBEARER'])(
    'is delivered by %s to a server that asks the provider about the token',
    async (mechanism) => {
      await using tokens = await startTokenServer()
      await using relay = await startSmtpServer()
      const { introspectionUrl, tokenUrl } = tokens
      const mechanisms = [mechanism]
      const place = { relayPort: relay.port, introspectionUrl, mechanisms }
      await using dovecot = await startDovecot(place)
      const client = { clientId: 'app', clientSecret: CLIENT_SECRET, scope: SCOPE, tokenUrl }
      const auth = { method: 'oauth2', grant: 'client-credentials', user: MAILBOX, ...client }
      const tls = { tls: 'starttls', tlsOptions: { ca: dovecot.certificate.cert } }
      // Each message needs a login of its own.
      const limits = { sessions: 1, messagesPerSession: 1 }
      const manager = { port: dovecot.port, ...tls, auth, limits }
      await using room = await openRoom(embeddedPlace(), manager)
      expect(await room.settled((await room.send()).id)).toMatchObject({ state: 'delivered' })

      await tokens.revokeAll()
      const { id } = await room.send()
      expect(await room.settled(id)).toMatchObject({ state: 'delivered', attempts: 1 })
      expect(relay.mails).toHaveLength(2)
      expect(tokens.requests).toHaveLength(2)
      expect(await dovecot.log()).toContain(`method=${mechanism}`)
    },
  )
})
