import { ratio, type Figure, type Ratio } from '../report/report.ts'

interface Aim {
  readonly of: string
  readonly to: string
  /** The least ratio that is wanted, in messages per second. */
  readonly least: number
}

/** What one worker process is to reach, beside the others in the same run. */
const AIMS: readonly Aim[] = [
  { of: 'Mailroom on Redis', to: 'plain worker', least: 4 },
  { of: 'Mailroom on Redis', to: "nodemailer's pool", least: 1 },
  { of: 'Mailroom on Redis', to: 'Postfix, relaying', least: 8 },
  { of: 'Mailroom on Redis', to: 'Postfix, from its queue', least: 8 },
  { of: 'Mailroom on Redis', to: 'smtp-source', least: 0.25 },
  { of: 'Mailroom, embedded store', to: 'plain worker', least: 0.8 },
]

/** How the aims of the main measure came out, with what they cost in processor time. */
export function mainRatios(figures: readonly Figure[]): readonly Ratio[] {
  const find = (of: string, what: string): Figure | undefined =>
    figures.find((one) => one.of === of && one.what === what)
  return AIMS.flatMap(({ of, to, least }) => {
    const [speed, others] = [find(of, 'messages/s'), find(to, 'messages/s')]
    const [cpu, theirs] = [find(of, 'ms CPU per message'), find(to, 'ms CPU per message')]
    return [
      ...(speed && others ? [ratio(speed, others, least)] : []),
      ...(cpu && theirs ? [ratio(cpu, theirs)] : []),
    ]
  })
}
