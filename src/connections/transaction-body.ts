import { idleMs } from './distance.ts'
import { sendBody, type BodyFlowHooks } from './body-flow.ts'
import { streamBody } from './stream-flow.ts'
import { breakOff, finish, hangUp, startTimer, type Run } from './transaction-run.ts'
import { BODY } from './transcript.ts'

/** Sends the body that follows a 354; the final dot leaves when `beforeDot` has said true. */
export function startBody(run: Run): void {
  const accepted: number[] = []
  for (const [index, recipient] of run.recipients.entries()) {
    if (recipient.accepted) accepted.push(index)
  }
  run.awaited = 'body'
  run.said.push(BODY)
  run.writtenBefore = run.wire.bodyBytes
  startTimer(run)
  const hooks: BodyFlowHooks = {
    mayDot: () => run.hooks.beforeDot(accepted),
    onProgress: () => startTimer(run),
    onDotSent: () => {
      run.awaited = 'dot'
      run.said.push('.')
      run.dotAt = performance.now()
      run.dotIdleAt = idleMs()
      startTimer(run)
    },
    onDotWritten: () => {
      run.wire.awaitsDot = true
      run.hooks.onDotSent?.(accepted.length === run.recipients.length)
    },
    onDotWithheld: (error) => withhold(run, error),
  }
  const { wire, body } = run
  run.flow = Buffer.isBuffer(body) ? sendBody(wire, body, hooks) : streamBody(wire, body, hooks)
}

function withhold(run: Run, error: unknown): void {
  if (error !== undefined) {
    const detail = `nobody could say whether the final dot may leave: ${nameOf(error)}`
    breakOff(run, { kind: 'aborted', stage: 'body', detail })
    return
  }
  hangUp(run)
  finish(run, { kind: 'withdrawn', recipients: run.recipients })
}

function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error'
  const { code } = error as NodeJS.ErrnoException
  return code ?? error.name
}
