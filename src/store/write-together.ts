import type { Redis } from 'ioredis'

/**
 * Has the commands of one turn of the event loop leave in one write.
 *
 * Each write is a call of the system here and one more at the server, which costs more than most
 * commands do. Nothing waits for longer than until what has come in by now has been looked at.
 */
export function writeTogether(client: Redis): void {
  const send = client.sendCommand.bind(client)
  let isCorked = false
  client.sendCommand = (command, into) => {
    const { stream } = client
    if (!isCorked && stream?.writable) {
      isCorked = true
      stream.cork()
      setImmediate(() => {
        isCorked = false
        stream.uncork()
      })
    }
    return send(command, into)
  }
}
