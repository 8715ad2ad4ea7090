import { detectMimeType } from 'nodemailer/lib/mime-funcs'

import type { BodySegment } from '../../connections/message-body.ts'
import type { Attachment } from '../../job/attachment-input.ts'
import { spooledOf } from './spooled-of.ts'
import type { SpooledContent } from '../spool.ts'
import { base64Segment, sevenBitSegment } from './content-body.ts'
import { encodeText, withParameter } from './header.ts'
import type { Leaf } from './part.ts'
import { breakBase64, hasLineOver } from './transfer-encoding.ts'

const UNKNOWN_TYPE = 'application/octet-stream'
/** RFC 5322 §2.1.1. */
const MAX_LINE_BYTES = 998

/** A file of a message; its type follows from its name when it is not given. */
export async function attachmentPart(
  attachment: Attachment,
  contents: ReadonlyMap<string, SpooledContent>,
): Promise<Leaf> {
  const { filename, contentType, cid, disposition } = attachment
  const type = contentType ?? (filename === undefined ? UNKNOWN_TYPE : detectMimeType(filename))
  const isMessage = /^message\//i.test(type)
  const raw = isMessage ? await asSevenBit(attachment, contents) : undefined
  const sentType = isMessage && raw === undefined ? UNKNOWN_TYPE : type
  return {
    kind: 'leaf',
    headers: [
      ['Content-Type', withOldName(sentType, filename)],
      ['Content-Transfer-Encoding', raw === undefined ? 'base64' : '7bit'],
      ...(cid === undefined ? [] : ([['Content-ID', `<${cid}>`]] as const)),
      [
        'Content-Disposition',
        filename === undefined ? disposition : withParameter(disposition, 'filename', filename),
      ],
    ],
    body: raw ?? asBase64(attachment, contents),
  }
}

function asBase64(
  { content, ref }: Attachment,
  contents: ReadonlyMap<string, SpooledContent>,
): string | BodySegment {
  return ref === undefined ? breakBase64(content) : base64Segment(spooledOf(ref, contents))
}

/** Readers that do not know RFC 2231 find the file's name here. */
function withOldName(type: string, filename: string | undefined): string {
  if (filename === undefined) return type
  return `${type}; name="${encodeText(filename).replaceAll(/["\\]/g, String.raw`\$&`)}"`
}

/** A message in a message must not be encoded (RFC 2046 §5.2.1): undefined when it would have to be. */
async function asSevenBit(
  { content, ref }: Attachment,
  contents: ReadonlyMap<string, SpooledContent>,
): Promise<string | BodySegment | undefined> {
  if (ref !== undefined) return sevenBitSegment(spooledOf(ref, contents))
  const text = Buffer.from(content, 'base64')
    .toString('latin1')
    .replaceAll(/\r\n?|\n/g, '\r\n')
  const isPlain = !/[^\t\r\n -~]/.test(text)
  return isPlain && !hasLineOver(text, MAX_LINE_BYTES) ? text : undefined
}
