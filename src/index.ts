export { createMailroom, type MailroomHooks } from './create-mailroom.ts'
export { createWorker, type Worker, type WorkerHooks } from './create-worker.ts'
export { mailroomTransport, type MailroomTransportOptions } from './mailroom-transport.ts'
export type { ConfigSource } from './read-config.ts'

export { defineConfig, parseConfig } from './connections/config.ts'
export type { ConnectionName, MailroomConfig, ParsedConfig } from './connections/config.ts'
export { createConnections } from './connections/connections.ts'
export type { Connections } from './connections/connections.ts'
export type { ConnectionDefinition } from './connections/connection-definition.ts'
export type { ConnectionManager } from './connections/connection-manager.ts'
export type { ConnectionOrigin } from './connections/connection-origin.ts'
export type { ConnectionSummary } from './connections/connection-summary.ts'
export type { ConnectionWarning } from './connections/connection-warning.ts'
export type { Verification } from './connections/verification.ts'

export type { UncertainPolicy } from './smtp/uncertain-policy.ts'
export type { RawInput } from './job/raw-input.ts'
export type { RescheduleOptions } from './job/reschedule-request.ts'
export type { ComposedMail, RawMail, SendMail } from './job/send-mail.ts'
export type { Mail, Mailroom, QueueStatus, Receipt } from './producer/mailroom.ts'
export type { HeldQuery } from './producer/held.ts'
export type { Requeued, RequeueOptions, RequeueResult } from './producer/requeue.ts'
export type { Retried, RetryOptions } from './producer/retry.ts'
export type { UncertainAnswer, UncertainChoice } from './producer/settle-uncertain.ts'
export type {
  MailroomMailOptions,
  MailroomSentInfo,
  MailroomTransport,
} from './producer/nodemailer-transport.ts'
export type { OutcomeListener, OutcomeName } from './producer/outcomes.ts'
export type { SendManyOptions, SendManyProgress } from './producer/send-many.ts'
export type { UntilSettledOptions } from './producer/until-settled.ts'
export type { CircuitPolicy } from './fleet/circuit.ts'
export type { Announcement } from './ledger/announcements.ts'
export type { Depth } from './queue/queues.ts'
export type {
  Cancelled,
  FinalState,
  HeldState,
  Judgement,
  ListPage,
  MessageRecord,
  MessageState,
  RecipientRecord,
  RecipientState,
} from './ledger/ledger.ts'
export type { PlannedSettlement, UncertainWay } from './ledger/uncertain.ts'
export type { Rescheduled } from './ledger/rescheduled.ts'
export type { AttemptEntry, NotedOutcome, Timeline, TimelineEntry } from './ledger/timeline.ts'
export type { LaneChanges } from './worker/lanes.ts'
export type { Reconfigured } from './worker/reconfigure.ts'
export type { Readiness } from './worker/worker.ts'
export type { SessionEnd } from './connections/pool-event.ts'
export type { Emit, WorkerEvent } from './worker/events.ts'
export type { RetryPolicy } from './worker/retry.ts'

export { isMailroomError, MailroomError } from './errors.ts'
export { InvalidDurationError, type Duration } from './duration.ts'
export {
  AttachmentChangedError,
  AttachmentMissingError,
  AttachmentOutsideRootsError,
  AttachmentTooLargeError,
} from './producer/attachment-errors.ts'
export {
  ContentChangedError,
  ContentStoreFullError,
  ContentTooLargeError,
} from './content/errors.ts'
export {
  IdempotencyConflictError,
  MailroomClosedError,
  QueueFullError,
  SendManyError,
  UnknownMessageError,
} from './producer/errors.ts'
export { NotSettledError } from './producer/until-settled.ts'
export { InvalidCursorError, RecordUnreadableError } from './ledger/errors.ts'
export { NoSenderError } from './worker/errors.ts'
export {
  InvalidJobError,
  JobTooLargeError,
  MessageTooLargeError,
  UnsendableRawError,
  UnsupportedJobVersionError,
} from './job/errors.ts'
export {
  InvalidConfigurationError,
  NoQueueError,
  SecretUnavailableError,
  UnknownConnectionError,
  UnknownEnvironmentError,
} from './connections/errors.ts'
export {
  InvalidStoreLocationError,
  StoreNotMigratedError,
  StoreNotWritableError,
  StoreRefusedError,
  StoreRightsError,
  StoreTlsError,
  StoreTooNewError,
  StoreTooOldError,
  StoreUnreachableError,
  UnsafeStoreError,
} from './store/errors.ts'
