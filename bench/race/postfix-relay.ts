import { mkdir, mkdtemp, chmod, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { startDaemon } from '../../test/support/daemon.ts'
import { freePort } from '../../test/support/free-port.ts'
import { findPostfix } from '../../test/support/servers/postfix.ts'
import { commonConfig } from '../../test/support/servers/postfix-config.ts'
import { onPrivateMachine } from '../../test/support/servers/private-machine.ts'

/** A Postfix that takes everything from this machine and passes it on to one relay. */
export interface PostfixRelay extends AsyncDisposable {
  readonly port: number
  readonly pid: number
  /** Lets it deliver what it has taken, when it was started to hold its mail. */
  release(): Promise<void>
}

/**
 * Starts Postfix with its queue on disk and the settings that it comes with; 20 deliveries at once to
 * one destination are among them. With `holds` it takes mail and has no queue manager until `release`.
 */
export async function startPostfixRelay(relayPort: number, holds: boolean): Promise<PostfixRelay> {
  const postfix = await findPostfix()
  const folder = await mkdtemp(join(tmpdir(), 'mailroom-postfix-'))
  await chmod(folder, 0o755)
  const port = await freePort()
  // Its intake waits for a queue manager that does not keep up, and here there is none.
  const held = holds ? 'in_flow_delay = 0\n' : ''
  for (const name of ['etc', 'data', ...QUEUES.split(' ').map((queue) => `queue/${queue}`)]) {
    await mkdir(join(folder, name), { recursive: true })
  }
  await writeFile(join(folder, 'etc/main.cf'), mainConfig(folder, relayPort) + held)
  await writeFile(join(folder, 'etc/master.cf'), masterConfig(port, holds))
  const machine = { folder, packages: [postfix], users: ['postfix', 'postdrop'] }
  const [command, ...args] = await onPrivateMachine(machine, ['sh', '-c', START, 'sh', folder])
  const daemon = await startDaemon({ program: { command, env: {} }, args, port, cwd: folder })
  return {
    port,
    pid: daemon.pid,
    release: async () => {
      await writeFile(join(folder, 'etc/main.cf'), mainConfig(folder, relayPort))
      await writeFile(join(folder, 'etc/master.cf'), masterConfig(port, false))
      process.kill(daemon.pid, 'SIGHUP')
    },
    [Symbol.asyncDispose]: async () => {
      await daemon.end()
      await rm(folder, { recursive: true, force: true, maxRetries: 10 })
    },
  }
}

const QUEUES =
  'active bounce corrupt defer deferred flush hold incoming private public maildrop pid saved trace'

const START = `set -e
cd "$1"
chown -R postfix: queue data
chown root queue queue/pid
chgrp postdrop queue/public queue/maildrop
exec /usr/lib/postfix/sbin/master -c "$1/etc"`

function mainConfig(folder: string, relayPort: number): string {
  return `${commonConfig(folder)}
mynetworks = 127.0.0.0/8
relayhost = [127.0.0.1]:${relayPort}
`
}

/** As Debian has it, without what a relay does not use. */
function masterConfig(port: number, holds: boolean): string {
  return `
127.0.0.1:${port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
${holds ? '' : 'qmgr unix n - n 300 1 qmgr'}
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`
}
