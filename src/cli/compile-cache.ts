import { lstatSync, mkdirSync } from 'node:fs'
import { enableCompileCache, getCompileCacheDir } from 'node:module'
import path from 'node:path'

import type { Surroundings } from './settings.ts'

/**
 * Has Node keep what it compiles from now on, so that the next command starts sooner: in
 * `$XDG_CACHE_HOME/mailroom`, else `~/.cache/mailroom`, on Windows `%LOCALAPPDATA%\mailroom\cache`.
 *
 * `NODE_COMPILE_CACHE` says another place and `NODE_DISABLE_COMPILE_CACHE` none, to all of Node. What
 * lies there is run as code: where somebody else could write to it, or nobody can, nothing is kept.
 */
export function keepCompiled(env: Surroundings['env']): void {
  if (getCompileCacheDir() !== undefined || env['NODE_DISABLE_COMPILE_CACHE'] !== undefined) return
  const steps = stepsTo(env)
  const [first] = steps
  const directory = steps.at(-1)
  if (first === undefined || directory === undefined) return
  try {
    // Before anything is made: in what is another's nothing of ours is to be left behind.
    if (![nearest(first), ...steps.filter(isThere)].every(isOurs)) return
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    if (steps.every(isOurs)) enableCompileCache(directory)
  } catch {
    // A home that is not there or read-only costs time, and nothing else.
  }
}

/** The directory, after those on the way to it from the one that is the user's own. */
function stepsTo(env: Surroundings['env']): readonly string[] {
  const { XDG_CACHE_HOME: cache, HOME: home, LOCALAPPDATA: local } = env
  if (isAbsolute(cache)) return downFrom(cache, 'mailroom')
  if (process.platform === 'win32')
    return isAbsolute(local) ? downFrom(local, 'mailroom', 'cache') : []
  return isAbsolute(home) ? downFrom(home, '.cache', 'mailroom') : []
}

function downFrom(base: string, ...names: readonly string[]): readonly string[] {
  return [base, ...names.map((_, at) => path.join(base, ...names.slice(0, at + 1)))]
}

/** As the XDG Base Directory Specification has it: a relative path counts as none. */
function isAbsolute(directory: string | undefined): directory is string {
  return directory !== undefined && path.isAbsolute(directory)
}

/** The directory, or the one on the way to it that is there. */
function nearest(directory: string): string {
  const above = path.dirname(directory)
  return isThere(directory) || above === directory ? directory : nearest(above)
}

function isThere(directory: string): boolean {
  return lstatSync(directory, { throwIfNoEntry: false }) !== undefined
}

/** Whether it is this user's, and nobody else can put something there; Windows sees to it by itself. */
function isOurs(directory: string): boolean {
  const uid = process.geteuid?.()
  if (uid === undefined) return true
  const stat = lstatSync(directory)
  return stat.isDirectory() && stat.uid === uid && (stat.mode & 0o022) === 0
}
