import type { Command } from './context.ts'

/** Every command by its name, loaded when it is called so that none waits for the others' packages. */
export const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  demo: async () => (await import('./commands/demo.ts')).demo,
  dev: async () => (await import('./commands/dev.ts')).dev,
  worker: async () => (await import('./commands/worker.ts')).worker,
  send: async () => (await import('./commands/send.ts')).send,
  status: async () => (await import('./commands/status.ts')).status,
  get: async () => (await import('./commands/get.ts')).get,
  cancel: async () => (await import('./commands/cancel.ts')).cancel,
  migrate: async () => (await import('./commands/migrate.ts')).migrate,
  dashboard: async () => (await import('./commands/dashboard.ts')).dashboard,
}
