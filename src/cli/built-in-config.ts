/** Where `mailroom dev` catches mail unless told otherwise. */
export const CATCH_ALL_PORT = 2525

/** What there is without any configuration: the catch-all server of `mailroom dev`. */
export const BUILT_IN_CONFIG = {
  connections: {
    default: {
      server: '127.0.0.1',
      port: CATCH_ALL_PORT,
      tls: 'none',
      from: 'Mailroom <mailroom@example.com>',
    },
  },
} as const
