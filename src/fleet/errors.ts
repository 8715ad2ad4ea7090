import { MailroomError } from '../errors.ts'

/** Thrown when the store holds something else where the pause of a connection manager is kept. */
export class PauseUnreadableError extends MailroomError {
  override readonly code = 'PAUSE_UNREADABLE'

  constructor(manager: string) {
    super(
      `the store does not say in a way that this version reads whether "${manager}" is paused: ` +
        `update Mailroom, or run "mailroom connections resume" for it`,
    )
  }
}

/** Thrown when the store did not take a change of a connection manager's health in time. */
export class HealthBusyError extends MailroomError {
  override readonly code = 'HEALTH_BUSY'

  constructor(manager: string) {
    super(`the store did not take a change of the health of "${manager}" within two seconds`)
  }
}

/** Thrown when others change what the fleet shares of a connection manager faster than we can. */
export class BudgetContendedError extends MailroomError {
  override readonly code = 'BUDGET_CONTENDED'

  constructor(manager: string) {
    super(
      `the budget of "${manager}" is changed by too many workers at once: it is tried again soon`,
    )
  }
}
