/**
 * The headers that a job may bring along, beside `X-…`: names in lower case, and what their values are.
 *
 * `text` may hold any letters and is encoded (RFC 2047); `structured` has a grammar of its own, in
 * which an encoded word would be read literally, and so is ASCII.
 */
export const HEADER_NAMES: Readonly<Record<string, 'text' | 'structured'>> = {
  // RFC 5322 §3.6.5
  comments: 'text',
  keywords: 'text',
  // RFC 2369, RFC 2919 and RFC 8058: mailing lists
  'list-id': 'structured',
  'list-help': 'structured',
  'list-unsubscribe': 'structured',
  'list-unsubscribe-post': 'structured',
  'list-subscribe': 'structured',
  'list-post': 'structured',
  'list-owner': 'structured',
  'list-archive': 'structured',
  // RFC 5064
  'archived-at': 'structured',
  // RFC 3834 §5, and what came before it
  'auto-submitted': 'structured',
  precedence: 'structured',
  // RFC 8098 §2.1
  'disposition-notification-to': 'structured',
  // RFC 3282
  'content-language': 'structured',
  // RFC 4021 §2.1: from X.400, known to Outlook
  sensitivity: 'structured',
  'expiry-date': 'structured',
  'reply-by': 'structured',
  // RFC 5536 §3.2.9
  organization: 'text',
  // feedback loops of large mailbox providers
  'feedback-id': 'structured',
  // Outlook's conversations
  'thread-topic': 'text',
  'thread-index': 'structured',
}

/** Names that Mailroom writes itself or that have a property of their own, and which one. */
export const RESERVED_HEADERS: Readonly<Record<string, string>> = {
  from: 'message.from',
  sender: 'message.sender',
  to: 'message.to',
  cc: 'message.cc',
  bcc: 'message.bcc',
  'reply-to': 'message.replyTo',
  subject: 'message.subject',
  date: 'message.date',
  'in-reply-to': 'message.inReplyTo',
  references: 'message.references',
  importance: 'message.priority',
  'x-priority': 'message.priority',
  'x-msmail-priority': 'message.priority',
  'return-path': 'envelope.from',
}

/** What Mailroom writes for itself begins so. */
export const OWN_HEADER_PREFIX = 'x-mailroom-'
