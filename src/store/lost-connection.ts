const CODES =
  /^(57P0[1235]|08...|53300|ECONN.*|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)$/

const TEXTS = [
  // pg and pg-pool
  'Connection terminated',
  'connection timeout',
  'timeout expired',
  'timeout exceeded when trying to connect',
  'Query read timeout',
  'not queryable',
  // ioredis
  'Connection is closed',
  "Stream isn't writeable",
  'Command timed out',
  'Reached the max retries per request',
  'Command aborted due to connection close',
  'Socket timeout',
  'connect ETIMEDOUT',
  'All sentinels are unreachable',
  'Failed to refresh slots cache',
  'None of startup nodes is available',
  "Cluster isn't ready",
  'Cluster is ended',
  'Too many Cluster redirections',
  // A cluster that lacks a node.
  'CLUSTERDOWN',
  // A Redis that loads, or that was a master a moment ago.
  'LOADING Redis',
  'MASTERDOWN',
  'UNBLOCKED',
]

/** Whether `error` says that the connection failed, rather than that the store answered badly. */
export function isLostConnection(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if ('code' in error && typeof error.code === 'string' && CODES.test(error.code)) return true
  return TEXTS.some((text) => error.message.includes(text))
}
