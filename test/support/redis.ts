import { randomUUID } from 'node:crypto'

import { describe, inject, test } from 'vitest'

/** Something that the tests need of the machine: there, or why not. */
export type Provision<T> =
  | { readonly kind: 'there'; readonly value: T }
  | {
      readonly kind: 'missing'
      readonly reason: string
      /** Nothing that could be installed would help: then even a run that must be whole goes on. */
      readonly isForGood?: boolean
    }

declare module 'vitest' {
  interface ProvidedContext {
    /** The URL of the Redis that all tests share. */
    redis: Provision<string>
    /** The nodes of a Redis Cluster that all tests share. */
    redisCluster: Provision<string>
    /** Whether tests can start a Redis of their own. */
    ownRedis: Provision<true>
    /** Whether tests can start a real mail server. */
    mta: Provision<true>
  }
}

/** A group of tests on the shared Redis. */
export function describeRedis(name: string, body: (url: string) => void): void {
  describeWith('Redis', inject('redis'), name, body)
}

/** A group of tests on the shared Redis Cluster. */
export function describeRedisCluster(name: string, body: (url: string) => void): void {
  describeWith('Redis Cluster', inject('redisCluster'), name, body)
}

/** A group of tests that start a Redis of their own with `startRedis`. */
export function describeOwnRedis(name: string, body: () => void): void {
  describeWith('redis-server', inject('ownRedis'), name, body)
}

/** A group of tests that start a real mail server with `startMta`. */
export function describeMta(name: string, body: () => void): void {
  describeWith('mail server', inject('mta'), name, body)
}

/** Begins the keys, queues and names of one test, so that tests can share a store. */
export function uniquePrefix(): string {
  return `test-${randomUUID()}`
}

/* oxlint-disable vitest/no-conditional-tests, vitest/valid-title, vitest/expect-expect, vitest/no-disabled-tests --
   this makes groups of tests on behalf of others, and names those that cannot run */
/** A group of tests that need something of the machine; without it, their name says why they do not run. */
export function describeWith<T>(
  what: string,
  provision: Provision<T>,
  name: string,
  body: (value: T) => void,
): void {
  if (provision.kind === 'there') {
    describe(name, () => {
      body(provision.value)
    })
    return
  }
  const reason = `${name} (no ${what}: ${provision.reason})`
  if (process.env['CI'] === 'true' && provision.isForGood !== true) {
    test(reason, () => {
      throw new Error(reason)
    })
  } else test.skip(reason, () => undefined)
}
