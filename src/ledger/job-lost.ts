/** The rule by which a message ends whose job is gone; its idempotency key opens it again. */
export const JOB_LOST = 'local.job-lost'
