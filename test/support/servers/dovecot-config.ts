/** Where one Dovecot lives and listens, and what it offers. */
export interface DovecotPlace {
  /** Everything that it reads and writes. */
  readonly folder: string
  readonly port: number
  /** Where it sends what it takes. */
  readonly relayPort: number
  readonly mechanisms: readonly string[]
  /** Whether it takes access tokens, and asks about them as `tokenChecks` says. */
  readonly checksTokens: boolean
}

/**
 * The configuration of a Dovecot that takes mail after a login, and hands it to a relay.
 *
 * It has no NTLM of its own: it asks Samba's `ntlm_auth`. A login that failed is answered at once.
 */
export function dovecotConfig({
  folder,
  port,
  relayPort,
  mechanisms,
  checksTokens,
}: DovecotPlace): string {
  return `
base_dir  = ${folder}/run
state_dir = ${folder}/state
log_path  = ${folder}/dovecot.log
auth_verbose = yes
protocols = submission
listen    = 127.0.0.1
default_internal_user = dovecot
default_login_user    = dovenull
hostname  = mail.example.test
first_valid_uid = 1

auth_mechanisms = ${mechanisms.join(' ').toLowerCase()}
auth_use_winbind = yes
auth_winbind_helper_path = ${folder}/ntlm-helper.sh
disable_plaintext_auth = yes
auth_realms =
auth_krb5_keytab = ${folder}/smtp.keytab
auth_gssapi_hostname = "$ALL"
auth_username_format = %Ln
auth_username_chars =
auth_failure_delay = 0
import_environment = TZ KRB5_CONFIG

${checksTokens ? tokenPassdb(folder) : ''}
passdb {
  driver = passwd-file
  args = scheme=PLAIN ${folder}/accounts
}
userdb {
  driver = static
  args = uid=vmail gid=vmail home=${folder}/home/%n allow_all_users=yes
}
mail_location = maildir:~/Maildir

service anvil {
  chroot =
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service submission-login {
  chroot =
  inet_listener submission {
    port = ${port}
  }
}
service auth {
  unix_listener auth-client {
    mode = 0666
  }
}
service stats {
  chroot =
}

ssl = yes
ssl_cert = <${folder}/cert.pem
ssl_key  = <${folder}/key.pem

submission_relay_host = 127.0.0.1
submission_relay_port = ${relayPort}
submission_relay_trusted = no
submission_relay_ssl = no
submission_max_recipients = 1000
`
}

function tokenPassdb(folder: string): string {
  return `
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = ${folder}/oauth2.conf
}`
}

/** How it asks an OpenID provider about access tokens (RFC 7662). */
export function tokenChecks(introspectionUrl: string): string {
  return `
introspection_mode = post
introspection_url = ${introspectionUrl}
username_attribute = local_part
active_attribute = active
active_value = true
timeout_msecs = 5000
`
}

/**
 * Samba's own server side of NTLM (version 2 only), for one account; without a domain controller.
 *
 * It says the DNS names of a domain and the time, as Windows does.
 */
export function sambaConfig(folder: string, domain: string): string {
  return `
[global]
 workgroup = ${domain}
 netbios name = MAIL
 realm = ${domain}.TEST
 ntlm auth = ntlmv2-only
 state directory = ${folder}/samba
 cache directory = ${folder}/samba
 lock directory = ${folder}/samba
 private dir = ${folder}/samba
 pid directory = ${folder}/samba
`
}

/** What Dovecot runs for each login by NTLM. */
export function ntlmHelper(
  folder: string,
  account: { readonly domain: string; readonly user: string; readonly password: string },
): string {
  const { domain, user, password } = account
  return `#!/bin/sh
exec ntlm_auth --configfile=${folder}/smb.conf "$@" --username=${user} --password=${password} --domain=${domain}
`
}
