import type { Remedy } from './remedy.ts'

/** In a login that nothing was said in: what was missing before. */
export const LOGIN_REMEDIES: readonly Remedy[] = [
  {
    id: 'auth.not-offered-in-the-clear',
    when: { causes: ['AUTH_NOT_OFFERED'], tls: ['none'] },
    problem: 'the server offers no login in the clear',
    advice:
      'Most servers take logins over TLS only: set `tls: "starttls"`. If it is a relay that knows this machine by its address, set `auth: { method: "anonymous" }`.',
  },
  {
    id: 'auth.not-offered',
    when: { causes: ['AUTH_NOT_OFFERED'] },
    problem: 'the server offers no login on this port',
    advice:
      'Logins are taken on the port for submission, 587 or 465, and seldom on 25. On Exchange the receive connector has to allow them. If it is a relay that knows this machine by its address, set `auth: { method: "anonymous" }`.',
  },
  {
    id: 'auth.ntlm-not-offered',
    when: { causes: ['NTLM_NOT_OFFERED'] },
    problem: 'NTLM is disabled on the server',
    advice:
      'Use Kerberos (`mechanism: "kerberos"`, or "negotiate" with a keytab), or let the administrator allow integrated Windows authentication on the receive connector. What the server offers stands above.',
  },
  {
    id: 'auth.ntlm-v1',
    when: { causes: ['NTLM_V1'] },
    problem: 'the server can only do NTLMv1, or plays a server that can',
    advice:
      'NTLMv1 gives the password to whoever listens, and is never spoken; no answer was sent. Use Kerberos (`mechanism: "kerberos"`), or over TLS `auth: { method: "basic" }` if the server offers PLAIN or LOGIN. The `spa` of Exim is such a server: `driver = dovecot` is not.',
  },
  {
    id: 'auth.ntlm-broken',
    when: { causes: ['NTLM_CHALLENGE'] },
    problem: 'what the server says in a login by NTLM is not NTLM as Windows speaks it',
    advice:
      'Look at the conversation above: a proxy or a firewall that reads SMTP may have changed it. Use Kerberos (`mechanism: "kerberos"`), or over TLS `auth: { method: "basic" }` if the server offers it.',
  },
  {
    id: 'auth.windows-not-offered',
    when: { causes: ['NO_COMMON_MECHANISM'], methods: ['windows'] },
    problem: 'the server offers neither Kerberos nor an NTLM that could be used',
    advice:
      'Let the administrator allow integrated Windows authentication on the receive connector. For NTLM `user` and `password` are needed. A server that offers PLAIN or LOGIN takes `auth: { method: "basic" }`.',
  },
  {
    id: 'auth.no-common-mechanism',
    when: { causes: ['NO_COMMON_MECHANISM'] },
    problem: 'the server offers other ways to log in than the configured one',
    advice:
      'What it offers stands above: XOAUTH2 or OAUTHBEARER need `auth: { method: "oauth2" }`, GSSAPI or NTLM `"windows"`, PLAIN, LOGIN, CRAM-MD5 or SCRAM `"basic"`. Leave `mechanism` out to take the strongest. Some servers offer more after STARTTLS.',
  },
  {
    id: 'auth.plain-session',
    when: { causes: ['PLAIN_SESSION'] },
    problem: 'the login would go over a session without TLS',
    advice: 'Set `tls: "starttls"` or "implicit"; nothing was sent.',
  },
  {
    id: 'auth.unverified-server',
    when: { causes: ['UNVERIFIED_SERVER'] },
    problem: 'the login would go to a server that has not proved who it is',
    advice:
      'Set `tls: "starttls"` and, for an authority of your own, `tlsOptions.ca`; or pin the certificate with `tlsOptions.fingerprint`. Nothing was sent.',
  },
  {
    id: 'kerberos.missing',
    when: { causes: ['KERBEROS_MISSING'] },
    problem: 'the package that speaks Kerberos is not installed',
    advice:
      'Install it beside Mailroom: `npm install kerberos` (version 7); on Linux the Kerberos library of the system (libgssapi-krb5-2, krb5-libs) has to be there.',
  },
  {
    id: 'kerberos.no-ticket',
    when: { causes: ['KERBEROS_NO_TICKET', 'KERBEROS_TICKET_EXPIRED'] },
    problem: 'there is no Kerberos ticket that is valid',
    advice:
      'Give the account a keytab (`auth.keytab`, or KRB5_CLIENT_KTNAME for the whole process); or get a ticket with `kinit` as the user that the worker runs as, and point KRB5CCNAME to it. `klist` shows what there is.',
  },
  {
    id: 'kerberos.wrong-spn',
    when: { causes: ['KERBEROS_UNKNOWN_SERVICE'] },
    problem: 'the domain knows no service of this name',
    advice:
      'Write into `server` the full host name that the server has in the domain, no address and no alias; or set `auth.spn`, such as "SMTPSVC/mail.example.com". On the domain controller `setspn -L COMPUTER` lists the names that there are.',
  },
  {
    id: 'kerberos.foreign-realm',
    when: { causes: ['KERBEROS_FOREIGN_REALM'] },
    problem: 'the server belongs to a realm that the domain of this account does not trust',
    advice:
      'Tell Kerberos to which realm the server belongs: `[domain_realm]` in krb5.conf; between two realms there has to be a trust.',
  },
  {
    id: 'kerberos.clock-skew',
    when: { causes: ['KERBEROS_CLOCK_SKEW'] },
    problem: "this machine's clock differs from the domain's by more than five minutes",
    advice: 'Let this machine, or the host of its containers, take its time from NTP.',
  },
  {
    id: 'kerberos.unknown-account',
    when: { causes: ['KERBEROS_UNKNOWN_ACCOUNT'] },
    problem: 'the domain does not know the account',
    advice:
      'Compare `user` with the directory, the realm in capitals as in krb5.conf. `klist -k FILE` lists the accounts in a keytab.',
  },
  {
    id: 'kerberos.key-refused',
    when: { causes: ['KERBEROS_KEY_REFUSED'] },
    problem: 'the key or password of the account is not the one that the domain has',
    advice:
      'Whoever changes the password has to make the keytab anew (`ktpass`, `ktutil`): its key version must be that of the account.',
  },
  {
    id: 'kerberos.account-locked',
    when: { causes: ['KERBEROS_ACCOUNT_LOCKED'] },
    problem: 'the account is locked or expired, or its password has to be changed',
    advice: 'Let the administrator of the domain unlock it and set a new password or keytab.',
  },
  {
    id: 'kerberos.encryption-type',
    when: { causes: ['KERBEROS_ENCRYPTION_TYPE'] },
    problem: 'the domain and this machine have no encryption type in common',
    advice:
      'In Active Directory allow AES for the account (`msDS-SupportedEncryptionTypes`) and set its password once more, so that it gets AES keys; then make the keytab anew, with `aes256-cts-hmac-sha1-96`. RC4 is refused by new systems.',
  },
  {
    id: 'kerberos.not-configured',
    when: { causes: ['KERBEROS_NOT_CONFIGURED'] },
    problem: 'Kerberos does not know its realm on this machine',
    advice:
      'Write `default_realm` into /etc/krb5.conf, or into the file that KRB5_CONFIG names, and see that the worker may read it; or write the account with its realm behind an at sign.',
  },
  {
    id: 'kerberos.ended',
    when: { causes: ['KERBEROS_ENDED'] },
    problem: 'the process that speaks Kerberos for the worker is not there',
    advice:
      'It is a process of Node.js beside the worker, about 12 MB: see that the limits of the container or the service leave room for it. The next login starts it again.',
  },
  {
    id: 'kerberos.no-kdc',
    when: { causes: ['KERBEROS_NO_KDC'] },
    problem: 'no domain controller answers',
    advice:
      'Check krb5.conf (realm, kdc), the DNS records _kerberos._tcp of the realm, and that this machine reaches port 88 by TCP and UDP.',
  },
  {
    id: 'auth.not-tried',
    when: { kinds: ['auth'] },
    problem: 'the login could not be made from our side',
    advice: 'What is missing stands above; see `auth`.',
  },
]
