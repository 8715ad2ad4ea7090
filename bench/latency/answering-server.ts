import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'

import { portOf } from '../../test/support/port-of.ts'

/** A server that says yes to everything at once, and tells when it had said so. */
export interface AnsweringServer extends AsyncDisposable {
  readonly port: number
  /** Resolves to the moment of the 250 for the message with the subject "Your order `at`". */
  answered(at: number): Promise<number>
  /** Waits for no message any more. */
  forget(): void
}

/** Starts it on a free port of loopback. */
export async function startAnsweringServer(): Promise<AnsweringServer> {
  const waiting = new Map<string, (at: number) => void>()
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    serve(socket, (subject) => waiting.get(subject)?.(performance.now()))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: portOf(server),
    answered: (at) => {
      const { promise, resolve } = Promise.withResolvers<number>()
      waiting.set(`Your order ${at}`, resolve)
      return promise
    },
    forget: () => waiting.clear(),
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

function serve(socket: Socket, onTaken: (subject: string) => void): void {
  let input = ''
  let isBody = false
  socket.write('220 bench ESMTP\r\n')
  socket.on('data', (chunk: Buffer) => {
    input += chunk.toString('latin1')
    let replies = ''
    const taken: string[] = []
    for (;;) {
      const mark = isBody ? '\r\n.\r\n' : '\r\n'
      const end = input.indexOf(mark)
      if (end === -1) break
      const words = input.slice(0, end)
      input = input.slice(end + mark.length)
      replies += isBody ? '250 2.0.0 taken\r\n' : answerTo(words.slice(0, 4).toUpperCase())
      if (isBody) taken.push(/^Subject: (.*)$/mu.exec(words)?.[1]?.trim() ?? '')
      isBody = !isBody && words.toUpperCase() === 'DATA'
    }
    if (replies !== '') socket.write(replies)
    for (const subject of taken) onTaken(subject)
  })
}

function answerTo(verb: string): string {
  if (verb === 'EHLO') return '250-bench\r\n250-PIPELINING\r\n250 8BITMIME\r\n'
  if (verb === 'DATA') return '354 go on\r\n'
  return verb === 'QUIT' ? '221 2.0.0 bye\r\n' : '250 2.0.0 ok\r\n'
}
