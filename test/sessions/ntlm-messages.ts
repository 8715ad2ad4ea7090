import { parseTargetInfo } from '../../src/connections/auth/ntlm/target-info.ts'

/** The challenge of [MS-NLMP] §4.2.4.3. */
export const CHALLENGE = Buffer.from(
  `4e544c4d53535000020000000c000c003800000033828ae20123456789abcdef00000000000000002400240044000000
   060070170000000f53006500720076006500720002000c0044006f006d00610069006e0001000c005300650072007600
   6500720000000000`.replaceAll(/\s/g, ''),
  'hex',
)

/** The field of an AUTHENTICATE_MESSAGE whose descriptor is at `at`. */
export function field(message: Buffer, at: number): Buffer {
  const start = message.readUInt32LE(at + 4)
  return message.subarray(start, start + message.readUInt16LE(at))
}

/** The same challenge of a server that tells its time, and perhaps more (in hex). */
export function withTime(more = ''): Buffer {
  const time = Buffer.from('070008001111111111111111', 'hex')
  const pair = Buffer.concat([time, Buffer.from(more, 'hex')])
  const bytes = Buffer.concat([CHALLENGE.subarray(0, -4), pair, Buffer.alloc(4)])
  bytes.writeUInt16LE(bytes.readUInt16LE(40) + pair.length, 40)
  return bytes
}

/** What an AUTHENTICATE_MESSAGE says of the server and to it, by the id of the attribute. */
export function attributesOf(message: Buffer): ReadonlyMap<number, Buffer> {
  const info = field(message, 20).subarray(16 + 28)
  return new Map(parseTargetInfo(info).map(({ id, value }) => [id, value]))
}
