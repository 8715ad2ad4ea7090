/** Where one Postfix lives and listens. */
export interface PostfixPlace {
  /** Its configuration, its queue, its mailbox and everything else that it writes. */
  readonly folder: string
  /** SMTP, with STARTTLS. */
  readonly port: number
  /** TLS from the first byte. */
  readonly tlsPort: number
}

/** The realm of its users: what Cyrus puts behind a name that has none. */
export const POSTFIX_REALM = 'example.test'

/** What every Postfix of ours has in `main.cf`: it lives in `folder`, on loopback, and no mail ends in it. */
export function commonConfig(folder: string): string {
  return `
compatibility_level = 3.6
queue_directory = ${folder}/queue
data_directory = ${folder}/data
maillog_file = ${folder}/log
maillog_file_prefixes = ${folder}
myhostname = mail.example.test
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4`
}

/**
 * `main.cf` of a Postfix that takes mail for everybody from whoever has logged in, and keeps all of it
 * in one Maildir. Nothing is ever sent on. `settings` win.
 */
export function mainConfig(
  { folder }: PostfixPlace,
  settings: Readonly<Record<string, string>> = {},
): string {
  const more = Object.entries(settings).map((pair) => pair.join(' = '))
  return `${commonConfig(folder)}
mynetworks =
smtpd_peername_lookup = no
virtual_mailbox_domains = static:all
virtual_mailbox_base = ${folder}
virtual_mailbox_maps = static:mail/
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
smtpd_tls_chain_files = ${folder}/chain.pem
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_local_domain = ${POSTFIX_REALM}
smtpd_sasl_authenticated_header = yes
smtpd_recipient_restrictions = permit_sasl_authenticated, reject
smtpd_error_sleep_time = 0
${more.join('\n')}
`
}

/** `master.cf`: the services that such a Postfix needs. */
export function masterConfig({ port, tlsPort }: PostfixPlace): string {
  return `
127.0.0.1:${port} inet n - n - - smtpd
127.0.0.1:${tlsPort} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
`
}

/** `sasl/smtpd.conf`: how Cyrus checks logins, by a file of passwords. */
export function saslConfig({ folder }: PostfixPlace, mechanisms: readonly string[]): string {
  return `
pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: ${folder}/sasldb2
mech_list: ${mechanisms.join(' ')}
`
}
