/** Where one Exim lives and listens. */
export interface MtaPlace {
  /** Its spool, its mailbox and everything else that it writes. */
  readonly folder: string
  /** The program itself, which it starts again for some deliveries. */
  readonly program: string
  readonly port: number
}

/** What the Exim of a test does not take, or offers besides. */
export interface MtaLimits {
  /** Recipients of one transaction; those beyond are answered `code`, and the others go on. */
  readonly recipients?: { readonly most: number; readonly code: 452 | 552 }
  /** Whether it offers DSN; its reports go into its mailbox as all other mail does. */
  readonly offersDsn?: boolean
}

/** How the Exim of a test knows who logs in; then it takes mail of nobody else. */
export type MtaLogins =
  /** By what Dovecot answers on its socket. */
  | { readonly by: 'dovecot'; readonly socket: string; readonly mechanisms: readonly string[] }
  /** By NTLMv1, the only one that Exim has itself: one password for every user. */
  | { readonly by: 'spa'; readonly password: string }

/** What changes the configuration besides where it lives. */
export interface MtaConfigOptions extends MtaLimits {
  readonly logins?: MtaLogins | undefined
  /** The files of a certificate and its key, for STARTTLS. */
  readonly tls?:
    | { readonly cert: string; readonly key: string; readonly priority?: string | undefined }
    | undefined
}

/**
 * The configuration of an Exim that takes everything from this machine and keeps it.
 *
 * Every message goes into one Maildir, one file for all its recipients, with the envelope in its
 * `Return-path` and `Envelope-to`. Nothing is ever sent on: there is no router that could.
 */
export function mtaConfig(
  { folder, program, port }: MtaPlace,
  { recipients, offersDsn = false, logins, tls }: MtaConfigOptions = {},
): string {
  return `
primary_hostname   = mail.example.test
exim_path          = ${program}
spool_directory    = ${folder}/spool
log_file_path      = ${folder}/log/%slog
pid_file_path      = ${folder}/exim.pid
local_interfaces   = 127.0.0.1
daemon_smtp_ports  = ${port}
disable_ipv6       = true
keep_environment   = LD_LIBRARY_PATH : LD_PRELOAD : NSS_WRAPPER_PASSWD : NSS_WRAPPER_GROUP
add_environment    =
never_users        =
deliver_drop_privilege = true
smtp_accept_max    = 0
smtp_accept_queue_per_connection = 0
smtp_accept_max_per_connection = 0
recipients_max     = ${recipients?.most ?? 0}
recipients_max_reject = ${recipients?.code === 552}
rfc1413_hosts      =
host_lookup        =
check_spool_space  = 0
check_log_space    = 0
message_size_limit = 50M
message_logs       = false
accept_8bitmime    = true
allow_utf8_domains = true
smtputf8_advertise_hosts = *
tls_advertise_hosts = ${tls === undefined ? '' : `*\ntls_certificate = ${tls.cert}\ntls_privatekey = ${tls.key}`}
${tls?.priority === undefined ? '' : `tls_require_ciphers = ${tls.priority}`}
dsn_advertise_hosts = ${offersDsn ? '*' : ''}
acl_smtp_rcpt      = take_all

begin acl
take_all:
  ${logins === undefined ? 'accept' : ONLY_KNOWN}

begin routers
everything:
  driver    = accept
  transport = mailbox

begin transports
mailbox:
  driver    = appendfile
  directory = ${folder}/mail
  maildir_format
  create_directory
  batch_max = 1000
  return_path_add
  envelope_to_add

begin retry
*  *  F,1h,1m
${logins === undefined ? '' : `\nbegin authenticators\n${authenticators(logins)}`}`
}

/** Whoever has logged in, and by what, is written into the message. */
const ONLY_KNOWN = `accept authenticated = *
         add_header = X-Login: $sender_host_authenticated $authenticated_id
  deny   message = 5.7.1 authentication required`

function authenticators(logins: MtaLogins): string {
  if (logins.by === 'spa') {
    return `ntlm:
  driver = spa
  public_name = NTLM
  server_password = ${logins.password}
  server_set_id = $auth1
`
  }
  const { mechanisms, socket } = logins
  return mechanisms
    .map(
      (name) => `${name.toLowerCase().replaceAll('-', '_')}:
  driver = dovecot
  public_name = ${name}
  server_socket = ${socket}
  server_set_id = $auth1
`,
    )
    .join('')
}
