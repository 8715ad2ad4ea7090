import { expect, test } from 'vitest'

import { openProject } from '../support/cli-project.ts'
import { freePort } from '../support/free-port.ts'
import { CLIENT_SECRET, MAILBOX, startTokenServer } from '../support/oauth/token-server.ts'
import { describeRedis } from '../support/redis.ts'
import { startSmtpServer } from '../support/smtp-server.ts'

describeRedis('a verification beside workers that keep a refresh token', (redis) => {
  test('uses their token, and never up what they keep', async () => {
    await using tokens = await startTokenServer()
    tokens.lifeS = 2
    await using relay = await startSmtpServer({ checkToken: tokens.isGood })
    await using project = await openProject(redis, { relay: relay.port })
    const refreshToken = await tokens.allow()
    const client = { clientId: 'of-owner', clientSecret: CLIENT_SECRET, refreshToken }
    const login = { method: 'oauth2', user: MAILBOX, allowInsecureAuth: true }
    const auth = { ...login, grant: 'refresh-token', ...client, tokenUrl: tokens.tokenUrl }
    const limits = { messagesPerSession: 1 }
    const server = { server: '127.0.0.1', port: relay.port, tls: 'none', auth, limits }
    await project.configure({ connections: { relay: server } })
    await using _worker = project.startWorker()
    await project.send()
    await expect.poll(() => relay.mails).toHaveLength(1)

    const verify = (...args: readonly string[]) =>
      project.run(['connections', 'verify', 'relay', '--json', ...args])
    while (tokens.requests.length < 3) expect(await verify()).toMatchObject({ code: 0 })
    const asked = tokens.requests.length
    const away = await verify('--queue', `redis://127.0.0.1:${await freePort()}`)
    expect(away).toMatchObject({ code: 7, out: expect.stringContaining('has to wait') })
    expect(tokens.requests).toHaveLength(asked)

    await project.send()
    await expect.poll(() => relay.mails).toHaveLength(2)
    const used = tokens.requests.map((request) => request.refreshToken)
    expect(used[0]).toBe(refreshToken)
    expect(new Set(used).size).toBe(used.length)
  })
})
