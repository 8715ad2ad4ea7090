import { defineConfig } from '../src/index.ts'

/** As the plain worker has it: 20 sessions to the sink, plain SMTP, as many messages as there are. */
export function configOf(queue: string, prefix: string, port: number) {
  return defineConfig({
    queue,
    prefix,
    connections: {
      sink: {
        server: '127.0.0.1',
        port,
        tls: 'none',
        limits: { sessions: 20, messagesPerSession: 1_000_000 },
      },
    },
  })
}
