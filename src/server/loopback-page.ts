import { isIP } from 'node:net'

import type { FastifyInstance } from 'fastify'

const POLICY = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "frame-ancestors 'none'",
  "form-action 'self'",
].join('; ')

const FOREIGN_LINK = /<link[^>]+href="https?:[^>]*>/g

/**
 * Keeps a page to this machine: it loads nothing from other hosts, no site may frame it, and a
 * name that an attacker's DNS points at the loopback address gets no answer. On all addresses, as in
 * a container whose port is published on the host's loopback address, it answers to addresses too.
 */
export function keepToItself(app: FastifyInstance, host: string): void {
  const allowed = new Set(['localhost', '127.0.0.1', '[::1]', host.toLowerCase()])

  app.addHook('onRequest', async (request, reply) => {
    const named = (request.headers.host ?? '').replace(/:\d+$/, '').toLowerCase()
    const isAllowed = allowed.has(named) || (isWildcard(host) && isAddress(named))
    if ((isLoopback(host) || isWildcard(host)) && !isAllowed) {
      await reply.status(421).send({ error: 'this page answers to "localhost" and addresses only' })
    }
  })

  app.addHook('onSend', async (_request, reply, payload) => {
    void reply.headers({
      'content-security-policy': POLICY,
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    })
    const isPage = String(reply.getHeader('content-type')).startsWith('text/html')
    return isPage && typeof payload === 'string' ? payload.replaceAll(FOREIGN_LINK, '') : payload
  })
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.')
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}

function isAddress(named: string): boolean {
  return isIP(named.replace(/^\[(.*)\]$/, '$1')) !== 0
}
