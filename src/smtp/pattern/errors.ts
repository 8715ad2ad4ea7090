import { MailroomError } from '../../errors.ts'

/** Thrown for a regular expression of a rule that is not one, or has what cannot be tested in linear time. */
export class InvalidPatternError extends MailroomError {
  override readonly code = 'INVALID_PATTERN'
}
