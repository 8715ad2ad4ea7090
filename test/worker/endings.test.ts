import { expect, test } from 'vitest'

import type { AttemptEntry } from '../../src/index.ts'
import { describeRedis, uniquePrefix } from '../support/redis.ts'
import {
  startScriptedServer,
  STEP_BY_STEP,
  type Script,
  type ScriptedServer,
} from '../support/scripted-server.ts'
import { describeStores, type TestStore } from '../support/stores.ts'
import { openRoom, type Room } from './mail-room.ts'

const STEPS = ['mail', 'rcpt', 'data', 'body', 'dot'] as const
const WAYS = ['time-out', 'reset', 'stop'] as const
type Step = (typeof STEPS)[number]
type Way = (typeof WAYS)[number]

const SHORT = '60ms'

/** However long it takes to look at what is kept, the next attempt is not on its way. */
const ONCE = { firstDelayMs: 3_600_000, maxDelayMs: 3_600_000 }

/** What is said from MAIL on, step by step, when each step is left unanswered. */
const COMMANDS: Readonly<Record<Step, readonly string[]>> = {
  mail: ['C: MAIL FROM:<…@example.com> SIZE='],
  rcpt: ['S: 250 2.1.0 sender ok', 'C: RCPT TO:<ann@example.org>'],
  data: ['S: 250 2.1.5 recipient ok', 'C: DATA'],
  body: ['S: 354 go on', 'C: … '],
  dot: ['C: .'],
}

const SAYS: Readonly<Record<Way, (step: Step) => string>> = {
  'time-out': (step) => `* timeout: nothing came for ${SHORT} (timeouts.${step})`,
  reset: () => '* closed: the connection failed with ',
  stop: () => '* aborted: ended from our side',
}
const KINDS = { 'time-out': 'timeout', reset: 'closed', stop: 'aborted' } as const

const ROWS = STEPS.flatMap((step) => WAYS.map((way) => [way, step] as const))

/** What differs by store is how it is written: one of each way is enough. */
const SOME: typeof ROWS = [
  ['time-out', 'rcpt'],
  ['stop', 'body'],
  ['reset', 'dot'],
]

describeRedis('what is kept of an ending', (queue) => {
  testEndings(ROWS, () => ({ queue, prefix: uniquePrefix(), schema: 'unused' }))
})

describeStores('what is kept of an ending', (place) => {
  testEndings(SOME, place)
})

function testEndings(rows: typeof ROWS, place: () => TestStore): void {
  test.for(rows)('a %s at %s leaves its stage and what was said', async ([way, step]) => {
    await using server = await startScriptedServer(scriptOf(way, step))
    const timeouts = way === 'time-out' ? { [step]: SHORT } : {}
    await using room = await openRoom(place(), { port: server.port, timeouts }, { retry: ONCE })
    const { id } = await room.send(step === 'body' ? { attachments: [LARGE] } : {})
    await expect.poll(() => hasReached(server, step)).toBe(true)
    if (way === 'stop') await room.worker.stop(100, 100)
    const isDoubtful = step === 'dot'
    await expect.poll(() => attemptsOf(room, id)).not.toEqual([])

    const [attempt] = await attemptsOf(room, id)
    const rule = `stage.${step}.${KINDS[way]}`
    expect(attempt).toMatchObject({ how: 'settled', stage: step, rule })
    expect(attempt?.outcomes).toMatchObject([
      { recipients: [0], state: isDoubtful ? 'uncertain' : 'pending', stage: step, rule },
    ])
    expect(attempt?.recipient).toBe(step === 'rcpt' ? 0 : undefined)
    expect(await room.mailroom.get(id)).toMatchObject({
      state: isDoubtful ? 'uncertain' : 'deferred',
      attempts: way === 'stop' && !isDoubtful ? 0 : 1,
    })
    const said = attempt?.conversation ?? []
    const expected = STEPS.slice(0, STEPS.indexOf(step) + 1).flatMap((one) => COMMANDS[one])
    expect(said).toEqual([
      ...expected.map((text) => expect.stringContaining(text)),
      expect.stringContaining(SAYS[way](step)),
    ])
    expect(said.join('\n')).not.toContain('app@')
  })
}

const LARGE = { filename: 'large.bin', content: Buffer.alloc(8_000_000) }

/** A server that goes on up to `step`, where it ends the connection or says nothing more. */
function scriptOf(way: Way, step: Step): Script {
  const cue = step.toUpperCase() as Uppercase<Step>
  const quiet = step === 'body' ? 'deafness' : 'silence'
  return { EHLO: STEP_BY_STEP, [cue]: { after: way === 'reset' ? 'reset' : quiet } }
}

function hasReached({ bodies, commands, dots }: ScriptedServer, step: Step): boolean {
  if (step === 'body') return bodies !== ''
  if (step === 'dot') return dots > 0
  return commands.some((line) => line.startsWith(step.toUpperCase()))
}

async function attemptsOf({ mailroom }: Room, id: string): Promise<readonly AttemptEntry[]> {
  const { entries = [] } = (await mailroom.history(id)) ?? {}
  return entries.filter((entry) => entry.kind === 'attempt')
}
