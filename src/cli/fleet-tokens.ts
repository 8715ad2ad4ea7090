import type { TokenShelf } from '../connections/auth/oauth2/token-shelf.ts'
import { createTokens, type Tokens } from '../connections/auth/oauth2/tokens.ts'
import { resolveReferences } from '../connections/references.ts'
import { openTokenShelf } from '../fleet/token-shelf.ts'
import { openRegistry } from '../fleet/registry.ts'
import { openStore } from '../store/open.ts'
import type { Context } from './context.ts'
import type { Setup } from './setup.ts'

/** The tokens of the workers, for a command that logs in beside them. */
export interface FleetTokens extends AsyncDisposable {
  readonly tokens: Tokens
}

/** Opens the store of `setup` when the first token is asked for; nothing before. */
export function openFleetTokens(
  setup: () => Promise<Pick<Setup, 'config' | 'settings' | 'terminal'>>,
  { env }: Pick<Context, 'env'>,
): FleetTokens {
  const opened = new AsyncDisposableStack()
  const open = async (): Promise<TokenShelf> => {
    const { config, settings, terminal } = await setup()
    const { prefix, schema, digestKey } = config
    const place = { patience: 'fail-fast', prefix, schema } as const
    const store = opened.use(await openStore(settings.queue, place))
    // Turns lie in its tables.
    openRegistry(store)
    const sharedKey = async (): Promise<string | undefined> =>
      digestKey && resolveReferences(digestKey.reveal(), { env })
    // A refresh token that was replaced and is not kept locks an account out: somebody has to know.
    const onFault = (error: unknown): void => {
      const message = error instanceof Error ? error.message : 'unknown'
      const text = `the store did not answer while access tokens were kept: ${message}`
      terminal.warn({ event: 'store-error', message: text }, `mailroom: ${text}`)
    }
    return opened.use(await openTokenShelf(store, { sharedKey, onFault }))
  }
  let opening: Promise<TokenShelf> | undefined
  const shelf = (): Promise<TokenShelf> => (opening ??= open())
  const tokens = createTokens({
    shelf: {
      read: async (place) => (await shelf()).read(place),
      write: async (place, text, expiresAt) => (await shelf()).write(place, text, expiresAt),
      remove: async (place, text) => (await shelf()).remove(place, text),
      alone: async (place, task, options) => (await shelf()).alone(place, task, options),
    },
  })
  return {
    tokens,
    [Symbol.asyncDispose]: async () => {
      await tokens[Symbol.asyncDispose]()
      await opened.disposeAsync()
    },
  }
}
