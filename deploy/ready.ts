import { connect } from 'node:net'

// Whether what answers at a URL is ready, for containers, which have no curl:
//   node ready.ts http://127.0.0.1:9465/readyz     an answer of 200
//   node ready.ts smtp://127.0.0.1:2525            a greeting of 220
const url = new URL(process.argv[2] ?? 'http://127.0.0.1:9465/readyz')
const signal = AbortSignal.timeout(4000)

process.exitCode = (url.protocol === 'smtp:' ? await greets() : await answers()) ? 0 : 1

async function answers(): Promise<boolean> {
  try {
    const response = await fetch(url, { signal })
    process.stdout.write(`${response.status} ${await response.text()}\n`)
    return response.ok
  } catch (error) {
    process.stdout.write(`${url.host} does not answer: ${String(error)}\n`)
    return false
  }
}

async function greets(): Promise<boolean> {
  const socket = connect({ host: url.hostname, port: Number(url.port), signal })
  try {
    for await (const greeting of socket) return String(greeting).startsWith('220')
    return false
  } catch (error) {
    process.stdout.write(`${url.host} does not greet: ${String(error)}\n`)
    return false
  } finally {
    socket.destroy()
  }
}
