import { textsOf } from './auth/auth.ts'
import type { ParsedConfig } from './config.ts'
import { referencesIn } from './references.ts'

/** What a configuration refers to: secrets are looked up there each time that they are needed. */
export interface ConfigReferences {
  /** As configured: a relative path starts at the process. */
  readonly files: readonly string[]
  readonly variables: readonly string[]
}

/** Every `${file:path}` and `${env:NAME}` in `config`, each once. */
export function referencesOf({
  queue,
  digestKey,
  connections,
}: Pick<ParsedConfig, 'queue' | 'digestKey' | 'connections'>): ConfigReferences {
  const managers = connections.list().map(({ name }) => connections.get(name))
  const texts = [
    queue?.reveal(),
    digestKey?.reveal(),
    ...managers.flatMap(({ auth, tlsOptions }) => [
      ...textsOf(auth),
      tlsOptions.ca,
      tlsOptions.cert,
      tlsOptions.key?.reveal(),
      tlsOptions.passphrase?.reveal(),
    ]),
  ]
  const references = texts.flatMap((text) => (text === undefined ? [] : referencesIn(text)))
  return {
    files: unique(references.flatMap((one) => (one.kind === 'file' ? [one.path] : []))),
    variables: unique(references.flatMap((one) => (one.kind === 'env' ? [one.name] : []))),
  }
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)]
}
