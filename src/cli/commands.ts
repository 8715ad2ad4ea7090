import type { Command } from './context.ts'

/** A command as the table has it: what `mailroom help` says of it, and where it is. */
export interface CommandEntry {
  readonly summary: string
  /** Loads the command when it is called, so that none waits for the others' packages. */
  load(): Promise<Command>
}

/** Every command by its name, in the order of `mailroom help`; two words are a group's command. */
export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  demo: {
    summary: 'deliver three messages, everything embedded, and show where they are',
    load: async () => (await import('./commands/demo.ts')).demo,
  },
  dev: {
    summary: 'store, catch-all SMTP server, worker and dashboard in one process',
    load: async () => (await import('./commands/dev.ts')).dev,
  },
  init: {
    summary: 'write a first configuration, with comments',
    load: async () => (await import('./commands/init.ts')).init,
  },
  catch: {
    summary: 'an SMTP server that takes every mail and keeps it as a file',
    load: async () => (await import('./commands/catch.ts')).catchMail,
  },
  worker: {
    summary: 'take messages from the queue and deliver them',
    load: async () => (await import('./commands/worker.ts')).worker,
  },
  send: {
    summary: 'put one message into the queue, or one for each row of a file',
    load: async () => (await import('./commands/send.ts')).send,
  },
  status: {
    summary: 'how many messages wait, run, are delayed or held, for each connection',
    load: async () => (await import('./commands/status.ts')).status,
  },
  get: {
    summary: 'how one message stands, short for "messages show"',
    load: async () => (await import('./commands/messages-show.ts')).get,
  },
  cancel: {
    summary: 'cancel messages that have not left, short for "messages cancel"',
    load: async () => (await import('./commands/messages-cancel.ts')).cancel,
  },
  'messages list': {
    summary: 'the messages that are held, with the reason',
    load: async () => (await import('./commands/messages-list.ts')).messagesList,
  },
  'messages show': {
    summary: 'how one message stands, recipient by recipient',
    load: async () => (await import('./commands/messages-show.ts')).messagesShow,
  },
  'messages retry': {
    summary: 'give held messages another try',
    load: async () => (await import('./commands/messages-retry.ts')).messagesRetry,
  },
  'messages cancel': {
    summary: 'cancel messages whose last byte has not left',
    load: async () => (await import('./commands/messages-cancel.ts')).messagesCancel,
  },
  'messages reschedule': {
    summary: 'send messages that have not left at another time',
    load: async () => (await import('./commands/messages-reschedule.ts')).messagesReschedule,
  },
  'messages export': {
    summary: 'a message as it would be sent, as an .eml file',
    load: async () => (await import('./commands/messages-export.ts')).messagesExport,
  },
  explain: {
    summary: "what a server's reply means, and which rule says so",
    load: async () => (await import('./commands/explain.ts')).explainReply,
  },
  requeue: {
    summary: 'put refused messages back that would not be refused today',
    load: async () => (await import('./commands/requeue.ts')).requeue,
  },
  'uncertain list': {
    summary: 'the messages whose answer never came',
    load: async () => (await import('./commands/uncertain-list.ts')).uncertainList,
  },
  'uncertain resend': {
    summary: 'send messages again whose answer never came',
    load: async () => (await import('./commands/uncertain-settle.ts')).uncertainResend,
  },
  'uncertain accept': {
    summary: 'have messages count as delivered whose answer never came',
    load: async () => (await import('./commands/uncertain-settle.ts')).uncertainAccept,
  },
  'uncertain hold': {
    summary: 'have messages wait for a person whose answer never came',
    load: async () => (await import('./commands/uncertain-settle.ts')).uncertainHold,
  },
  'connections list': {
    summary: 'every connection manager, with its server, login and limits',
    load: async () => (await import('./commands/connections-list.ts')).connectionsList,
  },
  'connections show': {
    summary: 'every property of a connection manager, and where it comes from',
    load: async () => (await import('./commands/connections-show.ts')).connectionsShow,
  },
  'connections verify': {
    summary: 'connect, protect the session, log in and leave again',
    load: async () => (await import('./commands/connections-verify.ts')).connectionsVerify,
  },
  'connections health': {
    summary: 'what all workers know of each connection manager',
    load: async () => (await import('./commands/connections-health.ts')).connectionsHealth,
  },
  'connections pause': {
    summary: 'have no worker use a connection manager, until it is resumed',
    load: async () => (await import('./commands/connections-pause.ts')).connectionsPause,
  },
  'connections resume': {
    summary: 'have workers use a connection manager again',
    load: async () => (await import('./commands/connections-pause.ts')).connectionsResume,
  },
  'queue status': {
    summary: 'which names are taken and which connection managers used, or paused',
    load: async () => (await import('./commands/queue-status.ts')).queueStatus,
  },
  'queue pause': {
    summary: 'have nobody take the messages of a name, until it is resumed',
    load: async () => (await import('./commands/queue-pause.ts')).queuePause,
  },
  'queue resume': {
    summary: 'have the messages of a name taken again',
    load: async () => (await import('./commands/queue-pause.ts')).queueResume,
  },
  doctor: {
    summary: 'look at everything that mail needs, and say what to do',
    load: async () => (await import('./commands/doctor.ts')).doctor,
  },
  dashboard: {
    summary: 'look at the queues in a browser',
    load: async () => (await import('./commands/dashboard.ts')).dashboard,
  },
  migrate: {
    summary: 'create the tables of a Postgres store, or bring them up to date',
    load: async () => (await import('./commands/migrate.ts')).migrate,
  },
  completion: {
    summary: 'a script that makes a shell complete commands, options and names',
    load: async () => (await import('./commands/completion.ts')).completion,
  },
}

/** Every group of commands by its name: what `mailroom help` says of it. */
export const GROUPS: Readonly<Record<string, string>> = {
  connections: 'look at the connection managers, try them, stop and start their use',
  queue: 'stop and start the taking of messages',
  uncertain: 'settle messages of which nobody knows whether they arrived',
  messages: 'look at messages, try them again, cancel and export them',
}

/** The second words of a group's commands, in order. */
export function commandsOf(group: string): readonly string[] {
  return Object.keys(COMMANDS)
    .filter((name) => name.startsWith(`${group} `))
    .map((name) => name.slice(group.length + 1))
}
