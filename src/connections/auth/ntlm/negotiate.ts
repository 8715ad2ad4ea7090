/** What both sides agree on ([MS-NLMP] §2.2.2.5). */
export const FLAG = {
  unicode: 0x00000001,
  requestTarget: 0x00000004,
  ntlm: 0x00000200,
  alwaysSign: 0x00008000,
  extendedSecurity: 0x00080000,
  targetInfo: 0x00800000,
  version: 0x02000000,
  key128: 0x20000000,
  key56: 0x80000000,
} as const

/** What we ask for: neither sealing nor a key of the session, which SMTP has no use for. */
export const OUR_FLAGS = Object.values(FLAG).reduce((all, flag) => (all | flag) >>> 0, 0)

/** Which message of NTLM it is starts each of them. */
export const SIGNATURE = Buffer.from('NTLMSSP\0', 'latin1')

/** Windows 10, NTLM revision 15: only for the logs of servers ([MS-NLMP] §2.2.2.10). */
export const VERSION = Buffer.from([10, 0, 0x63, 0x45, 0, 0, 0, 15])

const LENGTH = 40

/** NEGOTIATE_MESSAGE ([MS-NLMP] §2.2.1.1): neither domain nor workstation are told. */
export function composeNegotiate(): Buffer {
  const message = Buffer.alloc(LENGTH)
  SIGNATURE.copy(message)
  message.writeUInt32LE(1, 8)
  message.writeUInt32LE(OUR_FLAGS, 12)
  message.writeUInt32LE(LENGTH, 20)
  message.writeUInt32LE(LENGTH, 28)
  VERSION.copy(message, 32)
  return message
}
