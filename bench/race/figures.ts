import { figure, type Figure } from '../report/report.ts'
import type { Lap } from './race.ts'

/** What of a lap is reported, by what it is called. */
const MEASURES: Readonly<Record<string, (lap: Lap) => number | undefined>> = {
  'messages/s': ({ perSecond }) => perSecond,
  'ms CPU per message': ({ cpuMs }) => cpuMs,
  'ms CPU of the store per message': ({ storeCpuMs }) => storeCpuMs,
  'Redis commands per message': ({ commands }) => commands,
  'MB resident': ({ rssMb }) => rssMb,
}

/** The figures of one contestant over all its laps. */
export function figuresOf(name: string, laps: readonly Lap[]): readonly Figure[] {
  return Object.entries(MEASURES).flatMap(([what, measure]) => {
    const rounds = laps.map(measure).filter((value) => value !== undefined)
    return rounds.length === laps.length ? [figure(name, what, rounds)] : []
  })
}
