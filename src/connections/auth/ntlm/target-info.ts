/** The attributes of a target that are read or written here ([MS-NLMP] §2.2.2.1). */
export const ATTRIBUTE = {
  end: 0,
  flags: 6,
  timestamp: 7,
  targetName: 9,
  channelBindings: 10,
} as const

/** One attribute-value pair. */
export interface TargetAttribute {
  readonly id: number
  readonly value: Buffer
}

/** Reads a list of attribute-value pairs; what comes after a broken one is not there. */
export function parseTargetInfo(bytes: Buffer): readonly TargetAttribute[] {
  const attributes: TargetAttribute[] = []
  for (let at = 0; at + 4 <= bytes.length;) {
    const id = bytes.readUInt16LE(at)
    const end = at + 4 + bytes.readUInt16LE(at + 2)
    if (id === ATTRIBUTE.end || end > bytes.length) break
    attributes.push({ id, value: bytes.subarray(at + 4, end) })
    at = end
  }
  return attributes
}

/** The list as bytes, with its end. */
export function composeTargetInfo(attributes: readonly TargetAttribute[]): Buffer {
  const all = [...attributes, { id: ATTRIBUTE.end, value: Buffer.alloc(0) }]
  return Buffer.concat(all.flatMap(({ id, value }) => [uint16(id), uint16(value.length), value]))
}

function uint16(number: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16LE(number)
  return bytes
}
