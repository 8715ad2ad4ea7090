import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { Redis } from 'ioredis'

const PAGE = join(import.meta.dirname, '../../docs/stores.md')
const PASSWORD = 'rätsel/1'

/**
 * Makes the user that `docs/stores.md` gives to its readers, for the keys of `uniquePrefix`, and
 * answers the server's location for it.
 */
export async function createRedisUser(url: string): Promise<string> {
  const page = await readFile(PAGE, 'utf8')
  const [, rules = ''] = /^ACL SETUSER mailroom (.*)$/m.exec(page) ?? []
  const mine = rules.replaceAll(/([~&])mailroom/g, '$1test-*').replace('CHANGE-ME', PASSWORD)
  const client = new Redis(url)
  try {
    await client.call('ACL', 'SETUSER', 'mailroom', ...mine.split(' '))
  } finally {
    client.disconnect()
  }
  return url.replace('//', `//mailroom:${encodeURIComponent(PASSWORD)}@`)
}
