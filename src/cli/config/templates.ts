import type { MailroomConfig } from '../../connections/config.ts'

/** What `mailroom init` can write. */
export const FORMATS = ['ts', 'json', 'yaml', 'toml'] as const

export type Format = (typeof FORMATS)[number]

/**
 * A first configuration with comments, as a text; the same in every format.
 *
 * `schema` is where editors find the JSON Schema: a path or a URL.
 */
export function configTemplate(format: Format, schema: string): string {
  switch (format) {
    case 'ts':
      return TYPESCRIPT
    case 'json':
      return `${JSON.stringify({ $schema: schema, ...TEMPLATE }, undefined, 2)}\n`
    case 'yaml':
      return `# yaml-language-server: $schema=${schema}\n${YAML}`
    case 'toml':
      return `#:schema ${schema}\n${TOML}`
  }
}

/** What every text below says; JSON, which has no comments, is made of it. */
export const TEMPLATE = {
  queue: 'embedded:.mailroom/store',
  connections: {
    relay: { server: 'relay.example.com', from: 'My application <app@example.com>' },
  },
  environments: {
    staging: { connections: { relay: { redirectAll: 'staging@example.com' } } },
    production: {
      queue: '${env:QUEUE_URL}',
      connections: {
        relay: { auth: { method: 'basic', user: 'app', password: '${env:RELAY_PASSWORD}' } },
      },
    },
  },
} as const satisfies MailroomConfig<'relay'>

const TYPESCRIPT = `import { defineConfig } from 'mailroom'

export default defineConfig({
  // Where jobs wait: redis://host, postgres://host/database, or a directory of this machine.
  queue: 'embedded:.mailroom/store',

  // Jobs name one of these. Properties, a URL such as smtp://user:\${env:PASSWORD}@server, or a
  // connection string of SSIS.
  connections: {
    relay: {
      server: 'relay.example.com',
      // The port is 587 and TLS is demanded (STARTTLS); 'implicit' is port 465, 'none' port 25.
      // tls: 'starttls',
      from: 'My application <app@example.com>',
    },
  },

  // What is otherwise there: "--environment production" or MAILROOM_ENV=production.
  environments: {
    staging: {
      // Every message goes to this mailbox instead of its recipients.
      connections: { relay: { redirectAll: 'staging@example.com' } },
    },
    production: {
      queue: '\${env:QUEUE_URL}',
      connections: {
        // Also \${file:/run/secrets/relay}: a changed file is a changed password.
        relay: { auth: { method: 'basic', user: 'app', password: '\${env:RELAY_PASSWORD}' } },
      },
    },
  },
})
`

const YAML = `# Where jobs wait: redis://host, postgres://host/database, or a directory of this machine.
queue: embedded:.mailroom/store

# Jobs name one of these. Properties, a URL such as smtp://user:\${env:PASSWORD}@server, or a
# connection string of SSIS.
connections:
  relay:
    server: relay.example.com
    # The port is 587 and TLS is demanded (STARTTLS); "implicit" is port 465, "none" port 25.
    # tls: starttls
    from: My application <app@example.com>

# What is otherwise there: "--environment production" or MAILROOM_ENV=production.
environments:
  staging:
    connections:
      # Every message goes to this mailbox instead of its recipients.
      relay: { redirectAll: staging@example.com }
  production:
    queue: \${env:QUEUE_URL}
    connections:
      relay:
        # Also \${file:/run/secrets/relay}: a changed file is a changed password.
        auth: { method: basic, user: app, password: "\${env:RELAY_PASSWORD}" }
`

const TOML = `# Where jobs wait: redis://host, postgres://host/database, or a directory of this machine.
queue = "embedded:.mailroom/store"

# Jobs name one of these. Properties, a URL such as smtp://user:\${env:PASSWORD}@server, or a
# connection string of SSIS.
[connections.relay]
server = "relay.example.com"
# The port is 587 and TLS is demanded (STARTTLS); "implicit" is port 465, "none" port 25.
# tls = "starttls"
from = "My application <app@example.com>"

# What is otherwise there: "--environment production" or MAILROOM_ENV=production.
[environments.staging.connections.relay]
# Every message goes to this mailbox instead of its recipients.
redirectAll = "staging@example.com"

[environments.production]
queue = "\${env:QUEUE_URL}"

[environments.production.connections.relay.auth]
method = "basic"
user = "app"
# Also \${file:/run/secrets/relay}: a changed file is a changed password.
password = "\${env:RELAY_PASSWORD}"
`
