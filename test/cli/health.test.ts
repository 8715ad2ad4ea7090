import { expect, test } from 'vitest'

import { jsonLines } from '../support/cli.ts'
import { idOf, openProject, PASSWORD, startRelay } from '../support/cli-project.ts'
import { CLIENT_SECRET, MAILBOX, SCOPE, startTokenServer } from '../support/oauth/token-server.ts'
import { describeRedis } from '../support/redis.ts'
import { startSmtpServer } from '../support/smtp-server.ts'

/** What is told of a login whose password was wrong. */
const REFUSED = {
  stage: 'auth',
  code: 535,
  status: '5.7.8',
  rule: expect.stringMatching(/./),
  conversation: expect.arrayContaining(['C: AUTH PLAIN …', expect.stringMatching(/^S: 535 /)]),
}

describeRedis('health from the command line', (redis) => {
  test('a refused password is shown with its reason, and a resume has it asked at once', async () => {
    const users: Record<string, string> = { mailroom: 'another' }
    await using relay = await startRelay({ users })
    await using project = await openProject(redis, { relay: relay.port })
    const health = () => project.run(['connections', 'health', 'relay', '--json'])
    expect((await health()).out).toBe('')
    {
      await using worker = project.startWorker()
      const sent = await project.send()
      await expect.poll(async () => (await health()).out).toContain('"parked"')
      const shown = await project.run(['messages', 'show', idOf(sent)])
      expect(jsonLines(shown.out)).toMatchObject([
        {
          attempts: 0,
          timeline: [{ kind: 'accepted' }],
          parked: [{ manager: 'relay', ...REFUSED }],
        },
      ])
      expect(shown.out).not.toContain(PASSWORD)
      worker.signal('SIGTERM')
      expect(await worker.result).toMatchObject({ code: 0 })
    }
    const { out } = await health()
    expect(jsonLines(out)).toEqual([
      {
        connection: 'relay',
        digest: expect.stringMatching(/^[0-9a-f]{8}$/),
        state: 'parked',
        blames: 'account',
        since: expect.any(String),
        nextProbeAt: expect.any(String),
        foundBy: expect.any(String),
        reason: expect.stringContaining('535'),
        usedAt: expect.any(String),
        problem: 'auth.password-refused',
        advice: expect.stringMatching(/^The server refuses .*\. Check user and password/),
        ...REFUSED,
      },
    ])
    const shown = await project.run(['connections', 'health', 'relay', '--table'])
    expect(shown.out).toMatch(/^The server refuses .*$/m)
    expect(shown.out).toMatch(/^C: AUTH PLAIN …\nS: 535 /m)
    const status = await project.run(['status', '--json'])
    expect(jsonLines(status.out)).toMatchObject([
      { connection: 'relay', remark: expect.stringMatching(/^parked for .*, asked in .*: .*535/) },
    ])
    expect(out + status.out).not.toContain(PASSWORD)

    users['mailroom'] = PASSWORD
    expect(await project.run(['connections', 'resume', 'relay'])).toMatchObject({ code: 0 })
    // Whoever starts later asks at once as well: by itself it would in five minutes.
    await using _worker = project.startWorker()
    await expect.poll(() => relay.mails).toHaveLength(1)
    expect(relay.logins).toBe(2)
    await expect.poll(async () => (await health()).out).toContain('"works"')
  })

  test('the health of a connection manager tells until when its token lives, and no token', async () => {
    await using tokens = await startTokenServer()
    await using relay = await startSmtpServer({ checkToken: tokens.isGood })
    await using project = await openProject(redis, { relay: relay.port })
    const client = { clientId: 'app', clientSecret: CLIENT_SECRET, scope: SCOPE }
    const login = { method: 'oauth2', user: MAILBOX, allowInsecureAuth: true }
    const auth = { ...login, grant: 'client-credentials', ...client, tokenUrl: tokens.tokenUrl }
    const server = { server: '127.0.0.1', port: relay.port, tls: 'none', auth }
    await project.configure({ connections: { relay: server } })
    const before = Date.now()
    await using _worker = project.startWorker()
    await project.send()
    await expect.poll(() => relay.mails).toHaveLength(1)
    const { out } = await project.run(['connections', 'health', 'relay', '--json'])
    const [{ tokenUntil }] = jsonLines(out) as [{ tokenUntil: string }]
    const lifeMs = tokens.lifeS * 1_000
    expect(Date.parse(tokenUntil)).toBeGreaterThan(before + lifeMs - 5_000)
    expect(Date.parse(tokenUntil)).toBeLessThan(Date.now() + lifeMs + 5_000)
    for (const token of tokens.given) expect(out).not.toContain(token)
  })

  test('the health of a connection manager that nobody knows is a mistake', async () => {
    await using relay = await startRelay()
    await using project = await openProject(redis, { relay: relay.port })
    const { code, err } = await project.run(['connections', 'health', 'other'])
    expect({ code, err }).toEqual({ code: 3, err: expect.stringContaining('UNKNOWN_CONNECTION') })
  })
})
