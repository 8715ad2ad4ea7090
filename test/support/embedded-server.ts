import { inject } from 'vitest'

import { attachEmbedded } from '../../src/store/embedded/attach.ts'

/** The server of the tests' embedded store, as one that somebody else runs. */
export interface EmbeddedServer extends AsyncDisposable {
  readonly port: number
  /** Where it is for whoever comes through `port`. */
  locate(port: number): string
}

/** Uses the server until it is disposed; it goes on for others. */
export async function useEmbeddedServer(): Promise<EmbeddedServer> {
  const embedded = await attachEmbedded(inject('embedded').replace('embedded:', ''))
  const { host, port, user, password, database } = await embedded.parameters()
  const login = `${user}:${encodeURIComponent(password)}`
  return {
    port,
    locate: (through) => `postgres://${login}@${host}:${through}/${database}`,
    [Symbol.asyncDispose]: async () => void (await embedded.detach()),
  }
}
