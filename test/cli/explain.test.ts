import { writeFile } from 'node:fs/promises'
import path from 'node:path'

import { expect, test } from 'vitest'

import { listRules } from '../../src/smtp/rules/catalog.ts'
import { jsonLines } from '../support/cli.ts'
import { runInside } from '../support/cli-inside.ts'
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts'

async function project(config: object): Promise<TemporaryDirectory> {
  const directory = await temporaryDirectory()
  await writeFile(path.join(directory.path, 'mailroom.config.json'), JSON.stringify(config))
  return directory
}

const CONFIG = {
  connections: { google: { server: 'smtp.gmail.com' }, relay: { server: 'mail.example.com' } },
  rules: [
    {
      name: 'vacation',
      when: { text: 'on vacation', connection: 'relay' },
      means: { class: 'retry', minDelay: '1d' },
    },
  ],
}

test('a common fault is explained with what to do', async () => {
  await using directory = await project(CONFIG)
  const reply = '550 5.7.60 SMTP; Client does not have permissions to send as this sender'
  const explain = ['explain', reply, '--stage', 'mail', '--connection', 'relay']
  const { out } = await runInside(explain, { cwd: directory.path })
  expect(jsonLines(out)).toMatchObject([
    { problem: 'mail.sender-not-allowed', advice: expect.stringContaining('SendAs') },
  ])
  const drawn = await runInside([...explain, '--table'], { cwd: directory.path })
  expect(drawn.out).toMatch(/^to do +The account may not send as this sender\. /m)
})

test('a reply is explained with both answers, the rule, its source, and what nearly decided', async () => {
  await using directory = await project(CONFIG)
  const explain = [
    'explain',
    '550 5.7.30 see our policy',
    '--stage',
    'dot',
    '--provider',
    'exchange',
  ]
  const { code, out } = await runInside(explain, { cwd: directory.path })
  expect(code).toBe(0)
  const [fact] = jsonLines(out)
  expect(fact).toMatchObject({
    stage: 'dot',
    code: 550,
    status: '5.7.30',
    class: 'auth',
    scope: 'account',
    message: 'retry',
    manager: 'auth',
    alert: true,
    rule: 'enhanced.5.7.30.exchange',
    source: expect.stringContaining('Exchange'),
    version: expect.any(Number),
  })
  expect(fact?.['passedOver']).toContainEqual({
    rule: 'enhanced.5.7.30.basic',
    why: 'the text is not like /basic auth/i',
  })
  expect(fact?.['passedOver']).toContainEqual({
    rule: 'user.vacation',
    why: 'it counts for relay only',
  })
  const table = await runInside([...explain, '--table'], { cwd: directory.path })
  expect(table.out).toContain('message   is tried again')
  expect(table.out).toContain('manager   is parked until its credential changes')
  expect(table.out).toMatch(/^rule +enhanced\.5\.7\.30\.exchange, version \d+$/m)
  expect(table.out).toMatch(/^enhanced\.5\.7\.30\.basic +the text is not like/m)
})

test.for<readonly [args: readonly string[], rule: string]>([
  [['450 4.2.1 no', '--connection', 'google'], 'enhanced.4.2.1.gmail'],
  [['450 4.2.1 no', '--connection', 'relay'], 'enhanced.4.2.1'],
  [['450 4.2.1 no', '--connection', 'relay', '--provider', 'gmail'], 'enhanced.4.2.1.gmail'],
  [['550 5.1.1 on vacation', '--connection', 'relay'], 'user.vacation'],
  [['550 5.1.1 on vacation', '--connection', 'google'], 'enhanced.5.1.1'],
  [['452 full'], 'basic.452.rcpt'],
  [['452 full', '--accepted-before'], 'basic.452.split'],
  [['550-5.7.1 one\\n550 5.7.1 two'], 'enhanced.5.7.1'],
  [['250 ok'], 'basic.250.rcpt'],
  [['550', '5.7.1', 'without', 'quotes'], 'enhanced.5.7.1'],
  [['450 4.2.1 no', '--provider', 'Gmail', '--stage', 'RCPT'], 'enhanced.4.2.1.gmail'],
  [['550 5.7.1 in C:\\new'], 'enhanced.5.7.1'],
])('%j at rcpt is decided by %s', async ([args, rule]) => {
  await using directory = await project(CONFIG)
  const { out } = await runInside(['explain', '--stage', 'rcpt', ...args], { cwd: directory.path })
  expect(jsonLines(out)[0]).toMatchObject({ rule })
})

test('without a stage a reply is told at each of them', async () => {
  await using directory = await project(CONFIG)
  const { out } = await runInside(['explain', '550 5.1.1 no'], { cwd: directory.path })
  const rows = jsonLines(out)
  expect(rows.map(({ stage }) => stage)).toEqual(
    'greeting ehlo starttls auth mail rcpt data body dot'.split(' '),
  )
  expect(rows[5]).toEqual({
    stage: 'rcpt',
    message: 'refuse',
    manager: 'fine',
    scope: 'recipient',
    class: 'permanent',
    rule: 'enhanced.5.1.1',
  })
})

test('all rules are listed, those of the configuration first', async () => {
  await using directory = await project(CONFIG)
  const { out } = await runInside(['explain', '--rules'], { cwd: directory.path })
  const rows = jsonLines(out)
  expect(rows).toHaveLength(listRules().length + 1)
  expect(rows[0]).toMatchObject({
    rule: 'user.vacation',
    when: 'connection "relay"; text "on vacation"',
    class: 'retry',
    delay: '1d',
    source: 'your configuration',
  })
})

test.for<readonly [args: readonly string[], says: string, code: number]>([
  [[], 'expects a reply', 2],
  [['550 no', '--rules'], 'expects a reply', 2],
  [['no such user'], 'begins with a code', 2],
  [['99 no'], 'begins with a code', 2],
  [['m-0190f3c1'], 'messages show m-0190f3c1', 2],
  [['550 no', '--stage', 'helo'], '"--stage" expects one of', 2],
  [['550 no', '--provider', 'hotmail'], '"--provider" expects one of', 2],
  [['550 no', '--connection', 'rely'], 'rely', 3],
])('%j is refused', async ([args, says, exit]) => {
  await using directory = await project(CONFIG)
  const { code, err } = await runInside(['explain', ...args], { cwd: directory.path })
  expect(code).toBe(exit)
  expect(err).toContain(says)
})
