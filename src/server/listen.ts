import type { FastifyInstance } from 'fastify'

import { listenError } from './errors.ts'

/** A server that listens, and where. */
export interface OpenServer extends AsyncDisposable {
  readonly host: string
  readonly port: number
  /** As a browser takes it: `http://127.0.0.1:3000`. */
  readonly url: string
  /** Ends every connection and stops listening. */
  close(): Promise<void>
}

/** Lets `app` listen. Throws `PortInUseError` or `CannotListenError`. */
export async function listen(
  app: FastifyInstance,
  what: string,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<OpenServer> {
  try {
    await app.listen({ host, port })
  } catch (error) {
    await app.close()
    throw listenError(error, what, host, port)
  }
  const address = app.server.address()
  const bound = typeof address === 'object' && address !== null ? address.port : port
  const close = async (): Promise<void> => {
    await app.close()
  }
  return {
    host,
    port: bound,
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    close,
    [Symbol.asyncDispose]: close,
  }
}
