import { StoreNotWritableError, StoreUnreachableError } from './errors.ts'

/** Whether `error` says that a store is of no use now, and that waiting for it may help. */
export function isAway(error: unknown): boolean {
  return error instanceof StoreUnreachableError || error instanceof StoreNotWritableError
}
