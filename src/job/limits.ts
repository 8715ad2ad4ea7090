/** How many bytes a job's JSON may have, unless the producer is told otherwise: 1 MiB. */
export const DEFAULT_MAX_JOB_BYTES = 2 ** 20

/** How many bytes a whole message may have once it is encoded, unless told otherwise: 50 MiB. */
export const DEFAULT_MAX_MESSAGE_BYTES = 50 * 2 ** 20

/** How many bytes all headers of a raw message may have together. */
export const MAX_RAW_HEADER_BYTES = 262_144

/** How many recipients one message may have in its envelope. */
export const MAX_RECIPIENTS = 1_000

/** How many attachments one message may have, inline images included. */
export const MAX_ATTACHMENTS = 100

/** How many headers of its own one message may have. */
export const MAX_HEADERS = 50

/** How many message identifiers `references` may hold. */
export const MAX_REFERENCES = 100

/** How many octets a line of a message may have without its line break (RFC 5322 §2.1.1). */
export const MAX_LINE_BYTES = 998

/** How many characters an idempotency key may have. */
export const MAX_KEY_LENGTH = 255

/** How many characters the name of a connection manager may have. */
export const MAX_CONNECTION_LENGTH = 128

/** How far ahead a message may be scheduled: a year. */
export const MAX_DELAY_MS = 366 * 86_400_000

/** How many characters a mailbox's name may have. */
export const MAX_NAME_LENGTH = 256

/** The last moment that RFC 5322 can write: the end of the year 9999. */
export const MAX_TIME_MS = 253_402_300_799_999

/** How many bytes of text and HTML are packed together; nobody unpacks more: 8 MiB. */
export const MAX_PACKED_BYTES = 8_388_608
