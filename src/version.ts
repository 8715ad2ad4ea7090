import { readFileSync } from 'node:fs'

/** The version of this package, as `mailroom --version` and the registry of workers tell it. */
export function readVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  const { version }: { readonly version: string } = JSON.parse(text)
  return version
}
