import { createPrivateKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { isIP } from 'node:net'

/** A key and its certificate, as PEM text. */
export interface Certificate {
  readonly key: string
  readonly cert: string
  readonly name: string
}

export interface CertificateOptions {
  /** Names and IPv4 addresses of the server; the first is the subject. */
  readonly hosts: readonly string[]
  /** Who signs; the certificate itself by default. */
  readonly issuer?: Certificate
  readonly isAuthority?: boolean
  /** Makes an RSA key of so many bits, which needs an issuer. */
  readonly rsaBits?: number
  /** Encrypts the key. */
  readonly passphrase?: string
  readonly notBefore?: Date
  readonly notAfter?: Date
}

const DAY_MS = 86_400_000

const EC_SHA256 = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02))

/** Makes a certificate here and now, so that no key lies in the repository and none expires. */
export function createCertificate(options: CertificateOptions): Certificate {
  const { hosts, issuer, isAuthority = false } = options
  const [name = 'localhost'] = hosts
  const now = Date.now()
  const { privateKey, publicKey } =
    options.rsaBits === undefined
      ? generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
      : generateKeyPairSync('rsa', { modulusLength: options.rsaBits })
  const signer = issuer === undefined ? privateKey : createPrivateKey(issuer.key)
  const facts = sequence(
    tagged(0xa0, tagged(0x02, Buffer.from([2]))),
    tagged(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    EC_SHA256,
    distinguishedName(issuer?.name ?? name),
    sequence(
      time(options.notBefore ?? new Date(now - DAY_MS)),
      time(options.notAfter ?? new Date(now + 30 * DAY_MS)),
    ),
    distinguishedName(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(basicConstraints(isAuthority), subjectAltNames(hosts))),
  )
  return {
    key: pemOf(privateKey, options.passphrase),
    cert: pem(sequence(facts, EC_SHA256, bits(signature(facts, signer)))),
    name,
  }
}

function pemOf(key: KeyObject, passphrase: string | undefined): string {
  const locked = passphrase !== undefined && { cipher: 'aes-256-cbc', passphrase }
  return key.export({ type: 'pkcs8', format: 'pem', ...locked }).toString()
}

function signature(facts: Buffer, key: KeyObject): Buffer {
  return sign('sha256', facts, key)
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}

/** One value in DER: a tag, its length, its content. */
function tagged(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content])
  return Buffer.concat([Buffer.from([tag, 0x82, length >> 8, length & 0xff]), content])
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, ...parts)
}

function oid(...bytes: readonly number[]): Buffer {
  return tagged(0x06, Buffer.from(bytes))
}

function bits(content: Buffer): Buffer {
  return tagged(0x03, Buffer.from([0]), content)
}

function distinguishedName(name: string): Buffer {
  const commonName = sequence(oid(0x55, 0x04, 0x03), tagged(0x0c, Buffer.from(name)))
  return sequence(tagged(0x31, commonName))
}

function time(date: Date): Buffer {
  const text = date.toISOString().replace(/\D/g, '').slice(2, 14)
  return tagged(0x17, Buffer.from(`${text}Z`))
}

function basicConstraints(isAuthority: boolean): Buffer {
  const content = isAuthority ? sequence(tagged(0x01, Buffer.from([0xff]))) : sequence()
  return sequence(oid(0x55, 0x1d, 0x13), tagged(0x04, content))
}

function subjectAltNames(hosts: readonly string[]): Buffer {
  const names = hosts.map((host) =>
    isIP(host) === 4
      ? tagged(0x87, Buffer.from(host.split('.').map(Number)))
      : tagged(0x82, Buffer.from(host)),
  )
  return sequence(oid(0x55, 0x1d, 0x11), tagged(0x04, sequence(...names)))
}
