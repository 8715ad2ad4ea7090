import type { Redis } from 'ioredis'

/** Calls `task` at the end of this turn of the event loop, before what is asked in it leaves. */
export type AtTurnsEnd = (task: () => void) => void

/**
 * Has the commands of one turn of the event loop leave in one write.
 *
 * Each write is a call of the system here and one more at the server, which costs more than most
 * commands do. Nothing waits for longer than until what has come in by now has been looked at.
 */
export function writeTogether(client: Redis): AtTurnsEnd {
  const send = client.sendCommand.bind(client)
  const tasks: (() => void)[] = []
  let corked: Redis['stream'] | undefined
  let isTurning = false
  const turn = (): void => {
    if (isTurning) return
    isTurning = true
    setImmediate(() => {
      try {
        for (const task of tasks.splice(0)) task()
      } finally {
        isTurning = false
        corked?.uncork()
        corked = undefined
        // What a task has gathered anew.
        if (tasks.length > 0) turn()
      }
    })
  }
  client.sendCommand = (command, into) => {
    const { stream } = client
    if (corked === undefined && stream?.writable) {
      corked = stream
      stream.cork()
      turn()
    }
    return send(command, into)
  }
  return (task) => {
    tasks.push(task)
    turn()
  }
}
