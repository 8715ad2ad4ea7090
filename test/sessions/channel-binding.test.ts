import { createHash, X509Certificate } from 'node:crypto'

import { expect, test } from 'vitest'

import { tlsServerEndPoint } from '../../src/connections/auth/channel-binding.ts'
import { createCertificate } from '../support/certificate.ts'

/** A value in DER, whose content is longer than one byte can tell. */
function long(tag: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([tag, 0x82, content.length >> 8, content.length]), content])
}

/** What of a certificate counts here: facts of some length, the algorithm, a signature. */
function signedBy(algorithm: string): Buffer {
  const facts = long(0x30, Buffer.alloc(500, 0x2a))
  const signature = long(0x03, Buffer.alloc(257))
  return long(0x30, Buffer.concat([facts, Buffer.from(algorithm, 'hex'), signature]))
}

/** The algorithms as OpenSSL writes them into certificates. */
test.for([
  ['RSA with SHA-256', '300d06092a864886f70d01010b0500', 'sha256'],
  ['RSA with SHA-384', '300d06092a864886f70d01010c0500', 'sha384'],
  ['RSA with SHA-512', '300d06092a864886f70d01010d0500', 'sha512'],
  ['RSA with SHA-1', '300d06092a864886f70d0101050500', 'sha256'],
  ['RSA with MD5', '300d06092a864886f70d0101040500', 'sha256'],
  [
    'RSA-PSS with SHA-384',
    '304206092a864886f70d01010a3035a00f300d06096086480165030402020500a11c301a06092a864886f70d010108300d06096086480165030402020500a204020200ce',
    'sha384',
  ],
  [
    'RSA-PSS with SHA-512',
    '304206092a864886f70d01010a3035a00f300d06096086480165030402030500a11c301a06092a864886f70d010108300d06096086480165030402030500a204020200be',
    'sha512',
  ],
  ['RSA-PSS with what it means by itself', '300d06092a864886f70d01010a3000', 'sha256'],
  ['ECDSA with SHA-1', '300906072a8648ce3d0401', 'sha256'],
  ['ECDSA with SHA-384', '300a06082a8648ce3d040303', 'sha384'],
  ['ECDSA with SHA-512', '300a06082a8648ce3d040304', 'sha512'],
] as const)('a certificate signed by %s is bound by its digest', ([, algorithm, digest]) => {
  const raw = signedBy(algorithm)
  const hash = createHash(digest).update(raw).digest()
  expect(tlsServerEndPoint({ raw })).toEqual(
    Buffer.concat([Buffer.from('tls-server-end-point:'), hash]),
  )
})

test('a certificate signed by Ed25519 binds nothing, for nobody agreed how', () => {
  expect(tlsServerEndPoint({ raw: signedBy('300506032b6570') })).toBeUndefined()
})

test('a real certificate is bound by what its fingerprint is too', () => {
  const certificate = new X509Certificate(createCertificate({ hosts: ['mail.example.test'] }).cert)
  const hash = Buffer.from(certificate.fingerprint256.replaceAll(':', ''), 'hex')
  expect(tlsServerEndPoint(certificate)?.subarray(-32)).toEqual(hash)
})
