/** What a server offers, as its last answer to EHLO said it (RFC 5321 §4.1.1.1). */
export interface Extensions {
  /** RFC 2920: the whole envelope may leave in one packet. */
  readonly pipelining: boolean
  /** RFC 6152. */
  readonly eightBitMime: boolean
  /** RFC 6531: addresses may hold more than ASCII. */
  readonly smtpUtf8: boolean
  /** RFC 1870: whether MAIL FROM may announce the size. */
  readonly size: boolean
  /** The largest message that the server takes; absent when it does not say. */
  readonly maxBytes: number | undefined
  /** RFC 3461: reports may be asked for. */
  readonly dsn: boolean
  /** RFC 8689: a message may demand TLS all the way. */
  readonly requireTls: boolean
  /** RFC 3207. */
  readonly startTls: boolean
  /** The SASL mechanisms on offer (RFC 4954), in upper case; none: the server offers no AUTH. */
  readonly auth: readonly string[]
}

/** Reads the answer to EHLO, with its reply codes; the answer to HELO offers nothing. */
export function parseExtensions(answer: string): Extensions {
  const offers = new Map<string, readonly string[]>()
  for (const line of answer.split(/\r?\n/).slice(1)) {
    // Some servers still write `AUTH=LOGIN PLAIN`, as a draft of RFC 2554 had it.
    const [keyword = '', ...parameters] = line
      .slice(4)
      .trim()
      .toUpperCase()
      .split(/[\s=]+/)
    offers.set(keyword, [...(offers.get(keyword) ?? []), ...parameters])
  }
  return {
    pipelining: offers.has('PIPELINING'),
    eightBitMime: offers.has('8BITMIME'),
    smtpUtf8: offers.has('SMTPUTF8'),
    size: offers.has('SIZE'),
    // RFC 1870 §3: zero says that there is no fixed maximum.
    maxBytes: Number(offers.get('SIZE')?.[0]) || undefined,
    dsn: offers.has('DSN'),
    requireTls: offers.has('REQUIRETLS'),
    startTls: offers.has('STARTTLS'),
    auth: [...new Set(offers.get('AUTH'))],
  }
}
