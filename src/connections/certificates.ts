import { X509Certificate } from 'node:crypto'

const BEGIN = '-----BEGIN CERTIFICATE-----'
const BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** The certificates in a text in PEM, in their order; undefined when it holds none, or a broken one. */
export function readCertificates(pem: string): readonly X509Certificate[] | undefined {
  const blocks = pem.match(BLOCK) ?? []
  if (blocks.length === 0 || blocks.length < pem.split(BEGIN).length - 1) return undefined
  try {
    return blocks.map((block) => new X509Certificate(block))
  } catch {
    return undefined
  }
}

/** Whether the first certificate of several in a text in PEM can be read, whatever stands behind it. */
export function canReadFirst(pem: string): boolean {
  const second = pem.indexOf(BEGIN, pem.indexOf(BEGIN) + BEGIN.length)
  return second !== -1 && readCertificates(pem.slice(0, second)) !== undefined
}

/** From when until when a certificate holds. */
export interface Validity {
  readonly validFrom: Date
  readonly validTo: Date
}

/** From when until when `certificate` holds. */
export function validityOf({ validFrom, validTo }: X509Certificate): Validity {
  return { validFrom: new Date(validFrom), validTo: new Date(validTo) }
}
