import { generateKeyPairSync } from 'node:crypto'

import type { SendMailOptions } from 'nodemailer'

const DOT = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

/** What people send with nodemailer; each has its own way through the building of a message. */
export const CORPUS: Readonly<Record<string, SendMailOptions>> = {
  'a plain text': { subject: 'Hi', text: 'Hello\nthere' },
  'nothing but a subject': { subject: 'Only this' },
  'no subject': { text: 'Body' },
  'dots and long lines': { text: `.\n..\n.a\n${'x'.repeat(3000)}\n.` },
  'line ends of every kind': { text: 'a\rb\nc\r\nd\r\n\r\n\n' },
  'names and subjects beyond ASCII': {
    from: { name: 'Élodie Šimůnková', address: 'elodie@example.com' },
    to: [{ name: '王小明', address: 'xiaoming@example.org' }],
    subject: 'Привет, 你好, crème brûlée '.repeat(8),
    text: 'žluťoučký kůň\n',
  },
  'text and HTML': { subject: 'Both', text: 'plain', html: '<p>rich — ü</p>' },
  'text, HTML, AMP and a watch text': {
    text: 'plain',
    watchHtml: '<b>watch</b>',
    amp: '<!doctype html><html ⚡4email></html>',
    html: '<p>rich</p>',
  },
  'inline images and attachments': {
    html: '<img src="cid:dot@x">',
    attachments: [
      { filename: 'dot.png', content: DOT, cid: 'dot@x' },
      { filename: 'čeština, "quoted".csv', content: 'a;b\r\n1;2\r\n' },
      { filename: 'numbers.txt', content: Buffer.from('one\ntwo\n'), encoding: 'base64' },
      { filename: 'raw.bin', content: Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)) },
      { path: 'data:text/plain;base64,aGVsbG8=', filename: 'data.txt' },
      { filename: 'note.txt', content: 'déjà vu', contentTransferEncoding: 'quoted-printable' },
    ],
  },
  'a large attachment': {
    attachments: [{ filename: 'large.bin', content: Buffer.alloc(400_000, 'mailroom ') }],
  },
  'a data URL in the HTML': {
    html: `<img src="data:image/png;base64,${DOT.toString('base64')}">`,
    attachDataUrls: true,
  },
  'a calendar event': {
    text: 'Meeting',
    icalEvent: {
      method: 'REQUEST',
      filename: 'invite.ics',
      content: 'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n',
    },
  },
  "alternatives of one's own": {
    text: 'a',
    alternatives: [{ contentType: 'text/x-web-markdown', content: '**a**' }],
  },
  "list headers, priority and headers of one's own": {
    text: 'list',
    priority: 'high',
    list: {
      unsubscribe: { url: 'https://example.com/u', comment: 'Leave' },
      help: 'help@example.com',
    },
    headers: { 'X-Long': 'word '.repeat(60), 'X-Two': ['1', '2'], 'X-Utf8': 'ключ' },
    inReplyTo: '<a@example.com>',
    references: ['<a@example.com>', '<b@example.com>'],
    replyTo: 'reply@example.com',
  },
  'copies and blind copies': { text: 'x', cc: 'carl@example.org', bcc: 'dan@example.org' },
  "an envelope of one's own": {
    text: 'x',
    envelope: { from: 'bounce@example.com', to: 'only@example.org' },
  },
  'no sender in the envelope': { text: 'x', envelope: { from: '', to: 'only@example.org' } },
  'a header longer than a line may be': { text: 'x', headers: { 'X-Token': 'x'.repeat(1200) } },
  'a forwarded mail with long lines': {
    text: 'See below',
    attachments: [
      {
        filename: 'mail.eml',
        contentType: 'message/rfc822',
        content: `From: a@example.com\r\nSubject: long\r\n\r\n${'x'.repeat(2500)}\r\n`,
      },
    ],
  },
  'a raw message': {
    raw: 'From: a@example.com\nTo: b@example.org\nSubject: raw\n\nas it is\n.\n',
    envelope: { from: 'a@example.com', to: 'b@example.org' },
  },
  'a raw message with 8-bit text': {
    raw: Buffer.from(
      'From: a@example.com\r\nTo: b@example.org\r\nSubject: raw\r\nContent-Type: text/plain; charset=latin1\r\nContent-Transfer-Encoding: 8bit\r\n\r\ncaf\xe9\r\n',
      'latin1',
    ),
    envelope: { from: 'a@example.com', to: 'b@example.org' },
  },
  'quoted-printable by wish': {
    text: 'ünï\n'.repeat(30),
    html: '<p>ü</p>',
    textEncoding: 'base64',
    encoding: 'base64',
  },
  'a DKIM signature': {
    subject: 'signed',
    text: 'signed',
    dkim: { domainName: 'example.com', keySelector: 'k', privateKey: rsaKey() },
  },
}

function rsaKey(): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}
