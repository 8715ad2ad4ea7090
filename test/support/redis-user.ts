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
  const [rules = ''] = await documentedRules()
  await setUser(url, rules)
  return url.replace('//', CREDENTIALS)
}

/** The same on each node of a cluster, with what its user may do besides. */
export async function createClusterUser(url: string, nodes: readonly string[]): Promise<string> {
  const rules = (await documentedRules()).join(' ')
  await Promise.all(nodes.map((node) => setUser(node, rules)))
  return url.replace('//', CREDENTIALS)
}

const CREDENTIALS = `//mailroom:${encodeURIComponent(PASSWORD)}@`

async function documentedRules(): Promise<readonly string[]> {
  const page = await readFile(PAGE, 'utf8')
  return Array.from(page.matchAll(/^ACL SETUSER mailroom (.*)$/gm), ([, rules = '']) =>
    rules.replaceAll(/([~&]\{?)mailroom/g, '$1test-*').replace('CHANGE-ME', PASSWORD),
  )
}

async function setUser(url: string, rules: string): Promise<void> {
  const client = new Redis(url)
  try {
    await client.call('ACL', 'SETUSER', 'mailroom', ...rules.split(' '))
  } finally {
    client.disconnect()
  }
}
