import { openHealthServer } from '../server/health.ts'
import type { OpenServer } from '../server/listen.ts'
import { createMetrics, type DepthSource } from '../telemetry/metrics.ts'
import { observeEvents } from '../telemetry/observe-events.ts'
import type { Emit } from '../worker/events.ts'
import type { Worker } from '../worker/worker.ts'

/** What a worker's health server answers from. */
export interface Observation {
  /** Counts what happens. */
  readonly count: Emit
  /** Opens the health server; `/readyz` asks `worker`. */
  serve(worker: Worker): Promise<OpenServer>
}

/** Where a health server listens. */
export interface HealthPlace {
  readonly host: string
  readonly port: number
}

/** Counts what a worker does, for a health server at `place`. */
export function createObservation(place: HealthPlace, depths: DepthSource): Observation {
  const metrics = createMetrics({ depths })
  return {
    count: observeEvents(metrics),
    serve: (worker) => {
      const check = async (): Promise<string | undefined> => {
        const readiness = await worker.readiness()
        return readiness.ready ? undefined : readiness.reason
      }
      return openHealthServer({ ...place, checks: { worker: check }, metrics: metrics.registry })
    },
  }
}
