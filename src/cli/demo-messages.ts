import type { MessageInput } from '../job/message-input.ts'

/** One of the messages that `mailroom demo` sends, and what it shows. */
export interface DemoMessage {
  readonly shows: string
  readonly subject: string
  readonly message: Omit<MessageInput, 'subject'>
}

/** An orange square of 8 by 8 pixels, as PNG. */
const DOT =
  'iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEUlEQVR42mP4P5MBK2IYWhIAGuBmARHs76EAAAAASUVORK5CYII='

/** Plain text; HTML with an image and a file; names and subjects in several scripts. */
export const DEMO_MESSAGES: readonly DemoMessage[] = [
  {
    shows: 'plain text',
    subject: 'Plain text',
    message: {
      from: 'Mailroom demo <demo@example.com>',
      to: 'Bob <bob@example.org>',
      text: 'Hello Bob,\n\nthis is a message of plain text.\n\n-- \nMailroom\n',
    },
  },
  {
    shows: 'HTML, inline image, attachment',
    subject: 'HTML with an inline image and an attachment',
    message: {
      from: 'Mailroom demo <demo@example.com>',
      to: 'Bob <bob@example.org>',
      cc: 'carol@example.org',
      text: 'The numbers of this week are attached.\n',
      html: '<p><img src="cid:dot" alt="" width="8" height="8"> The <b>numbers</b> of this week are attached.</p>\n',
      attachments: [
        {
          filename: 'dot.png',
          contentType: 'image/png',
          cid: 'dot',
          content: DOT,
          encoding: 'base64',
        },
        {
          filename: 'numbers.csv',
          contentType: 'text/csv',
          content: 'day,messages\nMonday,1200\nTuesday,1350\n',
        },
      ],
      priority: 'High',
    },
  },
  {
    shows: 'Cyrillic, Chinese and accented names',
    subject: 'Привет, 你好, žluťoučký kůň, crème brûlée',
    message: {
      from: 'Élodie Šimůnková <demo@example.com>',
      to: ['Юлия Ёлкина <yulia@example.org>', '王小明 <xiaoming@example.org>'],
      text: 'Съешь ещё этих мягких французских булок.\n我能吞下玻璃而不伤身体。\nPříliš žluťoučký kůň úpěl ďábelské ódy.\n',
    },
  },
]
