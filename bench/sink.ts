/**
 * A server that says yes to everything and keeps nothing: the same end for every contestant.
 *
 * Run as a child process; it sends its port to its parent and counts the messages it took.
 */
import { createServer, type Socket } from 'node:net'

let taken = 0
const END = Buffer.from('\r\n.\r\n')

const server = createServer((socket) => serve(socket))
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.send?.({ port: typeof address === 'object' && address !== null ? address.port : 0 })
})
process.on('message', () => process.send?.({ taken }))
process.on('disconnect', () => process.exit(0))

function serve(socket: Socket): void {
  let inBody = false
  let rest = Buffer.alloc(0)
  socket.setNoDelay(true)
  socket.on('error', () => socket.destroy())
  socket.write('220 sink ESMTP\r\n')
  socket.on('data', (chunk: Buffer) => {
    let data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    let replies = ''
    while (data.length > 0) {
      if (inBody) {
        const end = data.indexOf(END)
        if (end === -1) {
          data = data.subarray(Math.max(0, data.length - END.length + 1))
          break
        }
        inBody = false
        taken += 1
        replies += '250 2.0.0 Ok: taken\r\n'
        data = data.subarray(end + END.length)
        continue
      }
      const end = data.indexOf('\r\n')
      if (end === -1) break
      const verb = data.toString('latin1', 0, 4).toUpperCase()
      data = data.subarray(end + 2)
      replies += answerTo(verb)
      if (verb === 'DATA') inBody = true
      if (verb === 'QUIT') socket.end()
    }
    rest = Buffer.from(data)
    if (replies !== '') socket.write(replies)
  })
}

function answerTo(verb: string): string {
  if (verb === 'EHLO') return '250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 52428800\r\n'
  if (verb === 'DATA') return '354 go on\r\n'
  if (verb === 'QUIT') return '221 2.0.0 bye\r\n'
  return '250 2.0.0 Ok\r\n'
}
