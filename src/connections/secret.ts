import { inspect } from 'node:util'

const SHOWN = '[secret]'

/** A text that shows itself as `[secret]` wherever it is printed; only `reveal()` opens it. */
export interface Secret {
  /** The text itself: call it where the secret is used, and nowhere else. */
  readonly reveal: () => string
  readonly toString: () => string
  readonly toJSON: () => string
}

/**
 * Wraps `text` so that templates, JSON, logs and `util.inspect` cannot show it by accident.
 *
 * The text lives in a closure and is no property: spreading shows nothing, cloning throws.
 */
export function createSecret(text: string): Secret {
  return Object.freeze({
    reveal: () => text,
    toString: () => SHOWN,
    toJSON: () => SHOWN,
    [inspect.custom]: () => SHOWN,
  })
}
