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
 * name that an attacker's DNS points at the loopback address gets no answer.
 */
export function keepToItself(app: FastifyInstance, host: string): void {
  const allowed = new Set(['localhost', '127.0.0.1', '[::1]', host.toLowerCase()])

  app.addHook('onRequest', async (request, reply) => {
    const named = (request.headers.host ?? '').replace(/:\d+$/, '').toLowerCase()
    if (isLoopback(host) && !allowed.has(named)) {
      await reply.status(421).send({ error: 'this page answers on the loopback address only' })
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
