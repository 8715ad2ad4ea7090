import { expectTypeOf, test } from 'vitest'

import { createConnections, createMailroom, defineConfig, type Mailroom } from '../../src/index.ts'

const config = defineConfig({
  queue: 'embedded:/nowhere',
  connections: { relay: 'smtp://relay.example.com', 'Bulk mail': { server: 'bulk.example.com' } },
})
const message = { from: 'a@example.com', to: 'b@example.com', text: 'x' }

test('an unknown connection does not compile', () => {
  const mailroom = createMailroom(config)
  expectTypeOf(mailroom).toEqualTypeOf<Mailroom<'relay' | 'Bulk mail'>>()
  const compiles = (): unknown[] => [
    mailroom.send({ connection: 'relay', message }),
    mailroom.send({ connection: 'Bulk mail', message }),
    // @ts-expect-error nobody is called "relai"
    mailroom.send({ connection: 'relai', message }),
    // @ts-expect-error nobody is called "relai"
    mailroom.sendMany([{ connection: 'relai', message }]),
    // @ts-expect-error a message has no `dkim`
    mailroom.send({ connection: 'relay', message: { ...message, dkim: {} } }),
  ]
  expectTypeOf(compiles).returns.toEqualTypeOf<unknown[]>()
})

test('a collection brings its names along', () => {
  const { connections } = createConnections({ relay: 'smtp://relay.example.com' })
  const mailroom = createMailroom({ queue: 'embedded:/nowhere', connections })
  type Send = (typeof mailroom)['send']
  expectTypeOf<Parameters<Send>[0]>().toHaveProperty('connection').toEqualTypeOf<'relay'>()
})
