import { MailroomError } from '../errors.ts'

/** Thrown for a name that no queue can have. */
export class InvalidQueueNameError extends MailroomError {
  override readonly code = 'INVALID_QUEUE_NAME'

  constructor(came: string) {
    super(`expected the name of a queue of 1 to 512 bytes of Unicode text, got ${came}`)
  }
}

/** Why a job's signal aborts: another worker may have taken the job meanwhile. */
export class JobLockLostError extends MailroomError {
  override readonly code = 'JOB_LOCK_LOST'

  constructor(queue: string, id: string) {
    super(
      `job "${id}" of "${queue}" is not ours any more: its lock ran out before it could be renewed`,
    )
  }
}

/** Why a job's signal aborts: the consumer was stopped and its deadline is over. */
export class ConsumerStoppedError extends MailroomError {
  override readonly code = 'CONSUMER_STOPPED'

  constructor(queue: string) {
    super(`the consumer of "${queue}" was stopped and its deadline is over`)
  }
}

/** Thrown by `consume` on a store that was opened for producers: its commands do not wait. */
export class HastyStoreError extends MailroomError {
  override readonly code = 'HASTY_STORE'

  constructor(location: string) {
    super(
      `expected a store with patience "wait" to take jobs from, got "fail-fast" ("${location}")`,
    )
  }
}

/** Why a job's signal aborts: its consumer may not go on with what it has begun. */
export class JobInterruptedError extends MailroomError {
  override readonly code = 'JOB_INTERRUPTED'

  constructor(name: string) {
    super(`the jobs of "${name}" that run were interrupted: they come back at once`)
  }
}
