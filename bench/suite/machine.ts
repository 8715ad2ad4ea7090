import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { findRedis } from '../../test/support/redis-server.ts'

/** Where and on what was measured. */
export interface Machine {
  readonly processor: string
  readonly cores: number
  readonly memoryGb: number
  readonly system: string
  /** Processes that wanted to run when it began, over the minute before: idle is 0. */
  readonly loadBefore: number
  readonly versions: Readonly<Record<string, string>>
  /** The commit, with `+` when files have changed since. */
  readonly commit: string
  readonly at: string
}

const ROOT = join(import.meta.dirname, '../..')
const run = promisify(execFile)

/** Looks at this machine and at what is installed. */
export async function describeMachine(): Promise<Machine> {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    loadBefore: Number((loadavg()[0] ?? 0).toFixed(1)),
    versions: {
      'Node.js': process.versions.node,
      Redis: await redisVersion(),
      bullmq: await versionOf('bullmq'),
      ioredis: await versionOf('ioredis'),
      nodemailer: await versionOf('nodemailer'),
    },
    commit: await currentCommit(),
    at: new Date().toISOString(),
  }
}

/** The machine in a sentence. */
export function sentenceOf(machine: Machine): string {
  const { processor, cores, memoryGb, system, loadBefore, versions, commit, at } = machine
  const names = Object.entries(versions).map((pair) => pair.join(' '))
  return (
    `${cores} cores of ${processor}, ${memoryGb} GB, ${system}, load ${loadBefore} before; ` +
    `${names.join(', ')}; commit ${commit}, ${at.slice(0, 10)}`
  )
}

async function redisVersion(): Promise<string> {
  const { command, env } = await findRedis()
  const { stdout } = await run(command, ['--version'], { env: { ...process.env, ...env } })
  return /v=(\S+)/.exec(stdout)?.[1] ?? 'unknown'
}

async function versionOf(name: string): Promise<string> {
  const text = await readFile(join(ROOT, 'node_modules', name, 'package.json'), 'utf8')
  const { version } = JSON.parse(text) as { readonly version: string }
  return version
}

async function currentCommit(): Promise<string> {
  try {
    const { stdout } = await run('git', ['rev-parse', '--short', 'HEAD'], { cwd: ROOT })
    const changed = await run('git', ['status', '--porcelain', '-uno'], { cwd: ROOT })
    return `${stdout.trim()}${changed.stdout === '' ? '' : '+'}`
  } catch {
    return 'unknown'
  }
}
