import { request } from 'node:http'

import { expect, test } from 'vitest'

import { createJob } from '../../src/job/create-job.ts'
import { packBodies } from '../../src/job/packed-bodies.ts'
import type { OpenQueues } from '../../src/queue/open.ts'
import { openQueues } from '../../src/queue/open.ts'
import type { Board } from '../../src/server/board.ts'
import { openBoard } from '../../src/server/board.ts'
import { openStore } from '../../src/store/open.ts'
import { describeRedis, uniquePrefix } from '../support/redis.ts'

const SECRETS = ['bob@example.org', 'Salary review', 'a private body', 'file-of-bob.pdf']

const JOB = {
  version: 1,
  id: 'm-1',
  connection: 'Mail Server: Übersee',
  message: {
    to: [{ address: 'bob@example.org' }],
    subject: 'Salary review',
    text: 'a private body',
    attachments: [{ filename: 'file-of-bob.pdf' }],
  },
  envelope: { from: 'alice@example.com', to: ['bob@example.org'] },
}

interface Bench extends AsyncDisposable {
  readonly queues: OpenQueues
  open(names: readonly string[], showContent?: boolean): Promise<Board>
}

async function openBench(url: string): Promise<Bench> {
  const stack = new AsyncDisposableStack()
  const store = await openStore(url, {
    patience: 'wait',
    prefix: uniquePrefix(),
    allowUnsafeStore: true,
  })
  stack.defer(() => store.close())
  const queues = stack.use(await openQueues(store))
  return {
    queues,
    open: async (names, showContent = false) => {
      const raw = new Map(names.map((name) => [name, queues.raw(name)]))
      return stack.use(await openBoard({ port: 0, queues: raw, showContent }))
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

async function failJob(queues: OpenQueues, name: string, reason: string): Promise<void> {
  const consumer = await queues.consume(name, async () => ({ kind: 'dead', reason }), {
    concurrency: 1,
    onError: () => {},
  })
  await expect.poll(() => queues.depth(name)).toMatchObject({ dead: 1 })
  await consumer.stop(1000)
}

/** Everything that the page of a queue and of one job asks for. */
async function pagesOf(board: Board, queue: string, id: string): Promise<string> {
  const name = encodeURIComponent(queue)
  const paths = [
    `/api/queues?activeQueue=${encodeURIComponent(name)}&page=1&jobsPerPage=10`,
    `/api/queues/${name}/${id}`,
    `/api/queues/${name}/${id}/logs`,
    `/api/queues/${name}/${id}/flow`,
    `/api/job-schedulers`,
  ]
  const texts = await Promise.all(
    paths.map(async (path) => {
      const response = await fetch(board.url + path)
      expect([path, response.status]).toEqual([path, 200])
      return response.text()
    }),
  )
  return texts.join('\n')
}

describeRedis('the board', (url) => {
  test('shows queues by the names that jobs refer to, and why jobs failed', async () => {
    await using bench = await openBench(url)
    await bench.queues.add(JOB.connection, [{ id: 'm-1', data: JOB }])
    await failJob(bench.queues, JOB.connection, 'refused at rcpt 550 5.1.1')
    const board = await bench.open([JOB.connection])
    const queue = bench.queues.raw(JOB.connection).name
    const pages = await pagesOf(board, queue, 'm-1')
    expect(pages).toContain(`"displayName":"${JOB.connection}"`)
    expect(pages).toContain('refused at rcpt 550 5.1.1')
    expect(pages).toContain('"readOnlyMode":true')
    expect(pages).toContain('"id":"m-1"')
  })

  test('hides messages and addresses, also those that a reason quotes', async () => {
    await using bench = await openBench(url)
    await bench.queues.add('relay', [{ id: 'm-1', data: JOB }])
    await failJob(bench.queues, 'relay', '550 no such mailbox <bob@example.org>')
    const board = await bench.open(['relay'])
    const pages = await pagesOf(board, 'relay', 'm-1')
    expect(pages).toContain('550 no such mailbox')
    for (const secret of SECRETS) expect(pages).not.toContain(secret)
  })

  test('shows them when it is asked to', async () => {
    await using bench = await openBench(url)
    await bench.queues.add('relay', [{ id: 'm-1', data: JOB }])
    const board = await bench.open(['relay'], true)
    const pages = await pagesOf(board, 'relay', 'm-1')
    for (const secret of SECRETS) expect(pages).toContain(secret)
  })

  test('its content is shown as text when it waits packed', async () => {
    await using bench = await openBench(url)
    const message = { from: 'a@example.com', to: 'b@example.org', text: 'many words '.repeat(200) }
    const { job } = createJob({ connection: 'relay', message }, { now: new Date() })
    const data = await packBodies(job)
    expect(JSON.stringify(data)).not.toContain('many words')
    await bench.queues.add('relay', [{ id: job.id, data }])
    const board = await bench.open(['relay'], true)
    expect(await pagesOf(board, 'relay', job.id)).toContain(message.text)
  })

  test.for([
    ['PUT', '/api/queues/relay/m-1/retry'],
    ['PUT', '/api/queues/relay/m-1/clean'],
    ['PUT', '/api/queues/relay/m-1/promote'],
    ['PUT', '/api/queues/relay/pause'],
    ['PUT', '/api/queues/pause'],
    ['PUT', '/api/queues/relay/empty'],
    ['PUT', '/api/queues/relay/obliterate'],
    ['PATCH', '/api/queues/relay/m-1/update-data'],
    ['POST', '/api/queues/relay/add'],
  ] as const)('answers 405 to %s %s and changes nothing', async ([method, path]) => {
    await using bench = await openBench(url)
    await bench.queues.add('relay', [{ id: 'm-1', data: JOB }])
    const board = await bench.open(['relay'])
    const call = { method, headers: { 'content-type': 'application/json' }, body: '{}' }
    const response = await fetch(board.url + path, call)
    expect(response.status).toBe(405)
    expect(await bench.queues.depth('relay')).toMatchObject({ waiting: 1 })
    expect(await bench.queues.raw('relay').isPaused()).toBe(false)
    expect(await bench.queues.read('relay', 'm-1')).toEqual(JOB)
  })

  test('never reads a whole queue for one page', async () => {
    await using bench = await openBench(url)
    const jobs = Array.from({ length: 1000 }, (_, at) => ({ id: `m-${at}`, data: JOB }))
    await bench.queues.add('relay', jobs)
    const board = await bench.open(['relay'])
    const page = await fetch(
      `${board.url}/api/queues?activeQueue=relay&status=prioritized&jobsPerPage=300`,
    )
    const { queues }: { readonly queues: readonly { readonly jobs: readonly unknown[] }[] } =
      JSON.parse(await page.text())
    expect(queues[0]?.jobs).toHaveLength(300)
    const tooMuch = await fetch(`${board.url}/api/queues?activeQueue=relay&jobsPerPage=301`)
    expect(tooMuch.status).toBe(400)
  })

  test('loads nothing from other hosts', async () => {
    await using bench = await openBench(url)
    const board = await bench.open(['relay'])
    const page = await fetch(`${board.url}/`)
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'")
    const html = await page.text()
    expect(html).not.toMatch(/(?:href|src)="(?:https?:)?\/\//)
    const files = [...html.matchAll(/(?:src|href)="(static\/[^"]+)"/g)].map(([, file]) => file)
    expect(files.length).toBeGreaterThan(3)
    for (const file of files) {
      const response = await fetch(`${board.url}/${file}`)
      expect([file, response.status]).toEqual([file, 200])
    }
  })

  test.for([
    ['127.0.0.1', 'localhost', 200],
    ['127.0.0.1', '192.0.2.7', 421],
    ['127.0.0.1', 'evil.example', 421],
    // On all addresses, as in a container: a name may be an attacker's, an address is not.
    ['0.0.0.0', 'localhost', 200],
    ['0.0.0.0', '192.0.2.7', 200],
    ['0.0.0.0', 'evil.example', 421],
  ] as const)('on %s it answers %s with %d', async ([host, named, status]) => {
    await using board = await openBoard({ host, port: 0, queues: new Map() })
    const answer = Promise.withResolvers<number | undefined>()
    const target = { host: '127.0.0.1', port: board.port, path: '/api/queues' }
    const headers = { host: `${named}:${board.port}` }
    request({ ...target, headers }, (response) => {
      response.resume()
      answer.resolve(response.statusCode)
    }).end()
    expect(await answer.promise).toBe(status)
  })

  test('shows another set of queues when told', async () => {
    await using bench = await openBench(url)
    const board = await bench.open(['relay'])
    board.show(new Map([['other', bench.queues.raw('other')]]))
    const text = await (await fetch(`${board.url}/api/queues`)).text()
    expect(text).toContain('"displayName":"other"')
    expect(text).not.toContain('"displayName":"relay"')
  })

  test('a port that is taken is an error of its own', async () => {
    await using bench = await openBench(url)
    const board = await bench.open(['relay'])
    await expect(openBoard({ port: board.port, queues: new Map() })).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      message: expect.stringContaining('the dashboard needs port'),
    })
  })
})
