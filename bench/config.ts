import { defineConfig } from '../src/index.ts'

/** As the plain worker has it: 20 sessions to the sink, plain SMTP, as many messages as there are. */
export function configOf(queue: string, prefix: string, port: number) {
  return defineConfig({ queue, prefix, connections: { sink: managerOn(port) } })
}

/** Many managers that all lead to the sink, with 20 sessions each. */
export function configOfMany(queue: string, prefix: string, port: number, count: number) {
  const connections = Array.from({ length: count }, (_, at) => [managerAt(at), managerOn(port)])
  return defineConfig({
    queue,
    prefix,
    connections: Object.fromEntries(connections) as Record<string, ReturnType<typeof managerOn>>,
  })
}

/** The same with large attachments elsewhere than in the store of the queue. */
export function contentIn<Config extends object>(
  config: Config,
  store: string | undefined,
): Config {
  return store === undefined ? config : { ...config, content: { store } }
}

/** The name of one of many managers; where there is one alone, it is the sink. */
export function managerAt(at: number): string {
  return at === 0 ? 'sink' : `sink-${at}`
}

function managerOn(port: number) {
  return {
    server: '127.0.0.1',
    port,
    tls: 'none',
    limits: { sessions: 20, messagesPerSession: 1_000_000 },
  } as const
}
