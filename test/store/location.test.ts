import { resolve } from 'node:path'

import { expect, test } from 'vitest'

import { describeLocation, parseLocation } from '../../src/store/location.ts'

test.for([
  ['redis://localhost', 'redis', 'redis://localhost:6379/0'],
  ['redis://:s3cret@10.0.0.7:6380/3', 'redis', 'redis://10.0.0.7:6380/3'],
  ['rediss://user:s3cret@cache.example.com', 'redis', 'rediss://cache.example.com:6379/0'],
  ['redis://[::1]:6379', 'redis', 'redis://[::1]:6379/0'],
  ['redis+sentinel://me:s3cret@a,b:26380/main', 'redis', 'redis+sentinel://a:26379,b:26380/main/0'],
  ['rediss+sentinel://a/main%201/2', 'redis', 'rediss+sentinel://a:26379/main%201/2'],
  ['redis+cluster://me:s3cret@a,b:7001', 'redis', 'redis+cluster://a:6379,b:7001'],
  ['rediss+cluster://[::1]:7000/0', 'redis', 'rediss+cluster://[::1]:7000'],
  ['postgres://me:s3cret@db/mail', 'postgres', 'postgres://db:5432/mail'],
  ['postgres://me@[::1]/', 'postgres', 'postgres://[::1]:5432'],
  ['postgres://me@%2Fvar%2Frun/a%20b', 'postgres', 'postgres://%2Fvar%2Frun:5432/a%20b'],
  [' postgresql://db:6432/mail?password=s3cret ', 'postgres', 'postgres://db:6432/mail'],
  ['embedded:/var/lib/mailroom', 'embedded', 'embedded:/var/lib/mailroom'],
  ['embedded:data', 'embedded', `embedded:${resolve('data')}`],
])('%s is a store of kind %s, printed as %s', ([text = '', kind, printed]) => {
  const location = parseLocation(text)
  expect({ kind: location.kind, printed: describeLocation(location) }).toEqual({ kind, printed })
})

test.for([
  ['', 'an empty text'],
  ['s3cret@localhost', 'a text of 16 characters without one of these schemes'],
  ['mysql://me:s3cret@db/mail', 'one that begins with "mysql://"'],
  ['redis://', '"redis://" without a host'],
  ['redis://me:s3cret@/0', 'is no URL'],
  ['redis://me:s3#cret@localhost:x', 'is no URL'],
  ['redis://me:53#cret@localhost', 'is no URL'],
  ['redis://me:53/cret@localhost', 'is no URL'],
  ['postgres://me:53?cret@localhost/mail', 'is no URL'],
  ['redis://me:s3cret@a,b', 'several hosts, which only "+sentinel" and "+cluster" have'],
  ['redis+cluster://me:s3cret@a,b/1', '"redis+cluster://" with a database'],
  ['redis+sentinel://me:s3cret@a', 'without the name of the master'],
  ['redis://me:s3cret@a?sslrootcrt=/s3', 'with a parameter that is none of sslmode, sslrootcert'],
  ['redis://me:s3cret@a?sslmode=verify-full', 'TLS is spoken by "rediss://"'],
  ['rediss://me:s3cret@a?sslmode=require', 'neither verify-ca nor verify-full'],
  ['rediss://me:s3cret@a?sslcert=/s3', '"sslcert" or "sslkey", which belong together'],
  ['postgres://me:s3cret@db/mail?sslmode=prefer', 'none of disable, require, verify-ca'],
  ['postgres://me:s3cret@db/mail?sslrootcert=/s3', 'with certificates and without "sslmode"'],
  ['postgres://me:s3cret@db/mail?sslmode=verify-ca', 'without "sslrootcert"'],
  ['redis://me:s3cret@localhost/mail', '"redis://localhost" with a database that is not a number'],
  ['redis://me:s3cret@a?sslrootcert=/s3&sslrootcert=/s3', '"redis://" with "sslrootcert" twice'],
  ['postgres://me:s3cret@db/mail?sslmod=verify-full', 'none of sslmode, sslrootcert'],
  ['postgres://me:s3cret@db/mail?sslMode=verify-full', 'none of sslmode, sslrootcert'],
  ['postgres://me:s3cret@db/mail?sslmode=require&ssl=0', 'none of sslmode, sslrootcert'],
  ['postgres://me:s3cret@db/mail?host=s3', 'none of sslmode, sslrootcert'],
  ['postgres://me:s3cret@db/mail?sslmode=require&sslmode=disable', '"sslmode" twice'],
  ['postgres://me:s3cret@db/mail?sslmode=', 'whose "sslmode" is empty'],
  ['postgres://me:s3cret@db/mail?sslmode=toString', 'none of disable, require'],
  ['postgres://me:s3cret@db/mail?password=s3', 'two things for "password"'],
  ['postgres://me:s3cret@a,b/mail', 'several hosts'],
  ['postgres://me:s3cret@db:0/mail', 'with the port 0'],
  ['postgres://me:s3cret@db/%zz', 'with a "%" that encodes nothing'],
  ['embedded:', '"embedded:" without a directory'],
])('%s is refused: got %s', ([text = '', came = '']) => {
  const error = refusalOf(text)
  expect(error).toMatchObject({
    code: 'INVALID_STORE_LOCATION',
    message: expect.stringContaining(came),
  })
  expect(String(error)).not.toMatch(/53|s3|cret/)
})

function refusalOf(text: string): unknown {
  try {
    return parseLocation(text)
  } catch (error) {
    return error
  }
}
