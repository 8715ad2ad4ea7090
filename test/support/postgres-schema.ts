import { uniquePrefix } from './redis.ts'

/** A schema that no other test uses. */
export function uniqueSchema(): string {
  return `t_${uniquePrefix().replaceAll(/\W/g, '').slice(-32)}`
}
