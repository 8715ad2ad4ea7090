import type { Retried } from '../producer/retry.ts'

/** Why a message does not wait in the queue again, in words. */
export function whyNotRetried(answer: Exclude<Retried, { kind: 'retried' }>): string {
  switch (answer.kind) {
    case 'not-held':
      return `it is ${answer.state}`
    case 'may-be-delivered':
      return 'it may have been delivered; send it all the same with "--even-if-delivered"'
    case 'too-late':
      return "the sender's own deadline is over"
    case 'content-gone':
      return 'its content is gone'
    case 'busy':
      return 'a worker has not put it aside yet; try again'
    case 'unknown':
      return 'no message has this id'
  }
}
