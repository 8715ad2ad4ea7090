import { Counter, Gauge, type Registry } from 'prom-client'

/** How connection managers stand, and what becomes of their logins and sessions. */
export interface ManagerMetrics {
  readonly sessions: Gauge<'connection' | 'manager'>
  readonly sessionsClosed: Counter<'connection' | 'manager' | 'why'>
  readonly parked: Gauge<'connection' | 'manager'>
  readonly paused: Gauge<'connection' | 'manager'>
  readonly loweredRate: Gauge<'connection' | 'manager'>
  readonly certificateExpiry: Gauge<'connection' | 'manager'>
  readonly clientCertificateExpiry: Gauge<'connection' | 'manager'>
  readonly throttles: Counter<'connection' | 'manager'>
  readonly tokens: Counter<'manager' | 'grant' | 'result'>
  readonly switches: Counter<'connection' | 'from' | 'to' | 'direction'>
}

/** Creates them in `registers`. */
export function createManagerMetrics(registers: Registry[]): ManagerMetrics {
  return {
    switches: new Counter({
      name: 'mailroom_group_switches_total',
      help: 'Times that the mail of a failover group took another way, by direction.',
      labelNames: ['connection', 'from', 'to', 'direction'],
      registers,
    }),
    sessions: new Gauge({
      name: 'mailroom_sessions',
      help: 'SMTP sessions that are open now.',
      labelNames: ['connection', 'manager'],
      registers,
    }),
    sessionsClosed: new Counter({
      name: 'mailroom_sessions_closed_total',
      help: 'SMTP sessions that were closed, and why.',
      labelNames: ['connection', 'manager', 'why'],
      registers,
    }),
    parked: new Gauge({
      name: 'mailroom_manager_parked',
      help: '1 while nothing can be tried through the connection manager, else 0.',
      labelNames: ['connection', 'manager'],
      registers,
    }),
    paused: new Gauge({
      name: 'mailroom_manager_paused',
      help: '1 while an operator has paused the connection manager, else 0.',
      labelNames: ['connection', 'manager'],
      registers,
    }),
    loweredRate: new Gauge({
      name: 'mailroom_lowered_rate_per_minute',
      help: 'Messages a minute that all workers send together, while a server has them slow down.',
      labelNames: ['connection', 'manager'],
      registers,
    }),
    throttles: new Counter({
      name: 'mailroom_throttles_total',
      help: 'Times a server asked to send more slowly.',
      labelNames: ['connection', 'manager'],
      registers,
    }),
    tokens: new Counter({
      name: 'mailroom_tokens_total',
      help: 'Answers of token endpoints to this worker, by what became of them.',
      labelNames: ['manager', 'grant', 'result'],
      registers,
    }),
    ...createCertificateMetrics(registers),
  }
}

function createCertificateMetrics(
  registers: Registry[],
): Pick<ManagerMetrics, 'certificateExpiry' | 'clientCertificateExpiry'> {
  return {
    certificateExpiry: new Gauge({
      name: 'mailroom_certificate_expiry_timestamp_seconds',
      help: "When the server's certificate ends, as the last session over TLS showed it.",
      labelNames: ['connection', 'manager'],
      registers,
    }),
    clientCertificateExpiry: new Gauge({
      name: 'mailroom_client_certificate_expiry_timestamp_seconds',
      help: 'When the certificate ends that we show to the server, as of the last session.',
      labelNames: ['connection', 'manager'],
      registers,
    }),
  }
}
