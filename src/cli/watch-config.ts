import type { FileLook, Looks } from '../connections/file-look.ts'
import { createResolver } from '../connections/resolver.ts'
import { watchFiles } from '../connections/watch-files.ts'
import { isMailroomError } from '../errors.ts'
import { atNextStart } from '../next-start.ts'
import type { Reconfiguration } from '../worker/reconfigure.ts'
import type { Worker } from '../worker/worker.ts'
import type { Context } from './context.ts'
import type { Configuration } from './load-configuration.ts'
import { tellOutdatedCertificates, tellRemarks, tellWarnings, type Setup } from './setup.ts'

/** Keeps a running worker at its configuration as it is now. */
export interface ConfigWatch extends Disposable {
  /** Loads the configuration now, changed or not; what came of it is an event of the worker. */
  reload(): Promise<void>
}

export interface ConfigWatchOptions {
  /**
   * Loads the configuration anew, whatever this process has read before; `onFile` is to hear how each
   * file that counts looks before it is read, also when the load fails.
   */
  readonly load: (onFile: (seen: FileLook) => void) => Promise<Configuration>
  /** The names that were asked for, whatever the configuration says. */
  readonly names?: readonly string[] | undefined
}

/**
 * Reconfigures `worker` whenever a file changes that its configuration was made from, first that of
 * `setup`; after a refusal also when one changes that the refused one was made of or refers to, so
 * that it does not matter which of them is put right, or is there first.
 */
export function watchConfiguration(
  setup: Setup,
  worker: Worker,
  { env }: Pick<Context, 'env'>,
  { load, names: asked }: ConfigWatchOptions,
): ConfigWatch {
  const { terminal } = setup
  let applied = setup.sources.looks
  let latest = applied
  let watched = (): Looks => applied

  const loadAgain = async (): Promise<Reconfiguration> => {
    const known = new Map(applied)
    watched = () => known
    const loaded = await load(({ file, look }) => known.set(file, look))
    const { connections, digestKey, rules, worker: settings } = loaded.config
    const resolver = createResolver(connections, digestKey, { env }, rules)
    watched = () => new Map([...known, ...resolver.looks()])
    latest = loaded.sources.looks
    tellRemarks(loaded, terminal)
    tellWarnings({ config: loaded.config, terminal })
    await tellOutdatedCertificates({ config: loaded.config, terminal }, { env })
    const names = asked ?? settings.connections
    return {
      connections: resolver,
      ...(names && { names }),
      atNextStart: atNextStart(setup.config, loaded.config),
    }
  }
  const reload = async (): Promise<void> => {
    try {
      const { kind } = await worker.reconfigure(loadAgain)
      if (kind !== 'applied') return
      // Secrets are watched by the worker from now on.
      applied = latest
      watched = () => applied
    } catch (error) {
      const code = isMailroomError(error) ? error.code : 'UNEXPECTED'
      const message = isMailroomError(error) ? error.message : 'an error that nobody expected'
      terminal.warn({ event: 'error', code, message }, `mailroom: ${message} (${code})`)
    }
  }
  const watch = watchFiles({ files: () => watched(), onChange: reload })
  return { reload, [Symbol.dispose]: () => watch[Symbol.dispose]() }
}
