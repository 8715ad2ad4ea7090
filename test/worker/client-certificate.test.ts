import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { createCertificate } from '../support/certificate.ts'
import type { Certificate } from '../support/certificate.ts'
import { describeOwnRedis } from '../support/redis.ts'
import { startRedis } from '../support/redis-server.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { openRoom } from './mail-room.ts'

const authority = createCertificate({ hosts: ['Authority'], isAuthority: true })
const server = createCertificate({ hosts: ['127.0.0.1'], issuer: authority })
const ours = createCertificate({ hosts: ['our worker'], issuer: authority })
const renewed = createCertificate({ hosts: ['our renewed worker'], issuer: authority })
const foreign = createCertificate({ hosts: ['another worker'] })

describeOwnRedis('a client certificate in files', () => {
  test('is renewed without a restart, also when its key comes a moment later', async () => {
    await using directory = await temporaryDirectory()
    const [certFile, keyFile] = ['cert.pem', 'key.pem'].map((name) => join(directory.path, name))
    const putBoth = async ({ cert, key }: Certificate): Promise<void> => {
      await put(certFile, cert)
      await put(keyFile, key)
    }
    await putBoth(foreign)
    await using relay = await startSmtpServer({
      tls: {
        mode: 'starttls',
        certificate: server,
        options: { requestCert: true, rejectUnauthorized: true, ca: authority.cert },
      },
    })
    await using redis = await startRedis()
    const place = { queue: redis.url, prefix: 'certificates', schema: 'certificates' }
    await using room = await openRoom(place, {
      port: relay.port,
      tls: 'starttls',
      tlsOptions: {
        ca: authority.cert,
        cert: `\${file:${certFile}}`,
        key: `\${file:${keyFile}}`,
      },
      limits: { messagesPerSession: 1 },
    })
    const first = await room.send()
    await expect
      .poll(() => room.told('parked'))
      .toMatchObject([{ reason: expect.stringContaining('tlsOptions.cert') }])
    await putBoth(ours)
    expect(await room.settled(first.id)).toMatchObject({ state: 'delivered' })

    await put(certFile, renewed.cert)
    const second = await room.send()
    await put(keyFile, renewed.key)
    expect(await room.settled(second.id)).toMatchObject({ state: 'delivered' })
    expect(relay.handshakes.at(0)).toMatchObject({ client: 'our worker' })
    // Files are looked at each second.
    await expect
      .poll(async () => {
        const { id } = await room.send()
        expect(await room.settled(id)).toMatchObject({ state: 'delivered' })
        return relay.handshakes.at(-1)
      })
      .toMatchObject({ client: 'our renewed worker' })
    expect(JSON.stringify(room.events)).not.toContain('PRIVATE KEY')
  })
})

/** As whoever renews it does: never half of it. */
async function put(file = '', content = ''): Promise<void> {
  await writeFile(`${file}.new`, content)
  await rename(`${file}.new`, file)
}
