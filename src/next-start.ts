import type { ParsedConfig } from './connections/config.ts'

/** What a worker reads once, when it starts. */
type StartSettings = Pick<
  ParsedConfig,
  'queue' | 'prefix' | 'schema' | 'worker' | 'content' | 'retention' | 'history'
>

/** The settings that differ and count at the next start only, because a running worker keeps its store. */
export function atNextStart(before: StartSettings, after: StartSettings): readonly string[] {
  const [old, fresh] = [factsOf(before), factsOf(after)]
  return Object.keys(fresh).filter((name) => old[name] !== fresh[name])
}

function factsOf({
  queue,
  prefix,
  schema,
  worker,
  content,
  retention,
  history,
}: StartSettings): Record<string, unknown> {
  return {
    queue: queue?.reveal(),
    prefix,
    schema,
    'content.store': content.store,
    'retention.ended': retention.ended,
    'retention.held': retention.held,
    'history.keepFor': history.keepFor,
    'history.maxBytes': history.maxBytes,
    'worker.lock': worker.lock,
    'worker.maxInFlight': worker.maxInFlight,
    'worker.stopWithin': worker.stopWithin,
    'worker.host': worker.host,
    'worker.port': worker.port,
  }
}
