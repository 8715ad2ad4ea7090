import type { Remedy } from './remedy.ts'

/** What servers answer to a login, the most exact first. */
export const AUTH_REPLY_REMEDIES: readonly Remedy[] = [
  {
    id: 'auth.smtp-disabled-tenant',
    when: {
      stages: ['auth'],
      statuses: ['5.7.139'],
      text: /SmtpClientAuthentication is disabled for the Tenant/i,
    },
    problem: 'SMTP AUTH is switched off for the whole Microsoft 365 organisation',
    advice:
      'An administrator can allow it for this mailbox alone: `Set-CASMailbox -Identity MAILBOX -SmtpClientAuthenticationDisabled $false`. Better: `auth: { method: "oauth2" }`, or a connector that knows this address. See https://aka.ms/smtp_auth_disabled.',
  },
  {
    id: 'auth.smtp-disabled-mailbox',
    when: {
      stages: ['auth'],
      statuses: ['5.7.139'],
      text: /SmtpClientAuthentication is disabled/i,
    },
    problem: 'SMTP AUTH is switched off for this mailbox',
    advice:
      'In the Microsoft 365 admin centre: the user, Mail, "Manage email apps", tick "Authenticated SMTP"; or `Set-CASMailbox -Identity MAILBOX -SmtpClientAuthenticationDisabled $false`. It takes up to an hour.',
  },
  {
    id: 'auth.tenant-policy',
    when: { stages: ['auth'], statuses: ['5.7.139'] },
    problem: 'Microsoft 365 refuses this login by a policy, or the password is wrong',
    advice:
      'Security defaults, Conditional Access and multi-factor authentication refuse user and password: the sign-in log of Entra ID names the policy. Use `auth: { method: "oauth2" }`. Check the password, too.',
  },
  {
    id: 'auth.basic-retired',
    when: {
      stages: ['auth', 'mail', 'rcpt', 'data', 'dot'],
      statuses: ['5.7.30'],
      text: /basic auth/i,
    },
    problem: 'Exchange Online takes no user and password any more',
    advice:
      'Set `auth: { method: "oauth2" }`; for devices that cannot there are High Volume Email, Azure Communication Services, and a connector that knows this address.',
  },
  {
    id: 'auth.app-password-needed',
    when: { stages: ['auth'], text: /application-specific password|app(?:lication)? password/i },
    problem: 'the account has two-step verification, and the password is the one of the account',
    advice:
      'Make an app password (Google: https://myaccount.google.com/apppasswords) and use it as the password; or set `auth: { method: "oauth2" }`.',
  },
  {
    id: 'auth.web-login-needed',
    when: {
      stages: ['auth'],
      text: /log in (?:via|with) your web browser|WebLoginRequired|less secure/i,
    },
    problem: 'the provider took the login for an attack and wants the owner to log in by browser',
    advice:
      'Log in to the account with a browser and confirm that it was you. Lastingly: an app password, or `auth: { method: "oauth2" }`.',
  },
  {
    id: 'auth.too-many-logins',
    when: {
      stages: ['greeting', 'ehlo', 'auth'],
      text: /too many (?:login|auth|connection|concurrent|session)|login rate|throttl/i,
    },
    problem: 'there were too many logins or connections in a short time',
    advice:
      'It ends by itself, and every further try makes it longer: wait some minutes. Lower `limits.sessions`, and see who else logs in to this account or from this address.',
  },
  {
    id: 'auth.password-expired',
    when: {
      stages: ['auth'],
      text: /password.{0,20}(?:has |is )?expired|expired.{0,20}password|must (?:be )?changed?\b|password transition|change (?:your|the) password/i,
    },
    problem: 'the password has expired or has to be changed',
    advice:
      'Change it where the account lives, then in the secret. For an account of a program let the administrator set "password never expires", or use a keytab or OAuth2.',
  },
  {
    id: 'auth.account-locked',
    when: {
      stages: ['auth'],
      text: /(?:account|user|mailbox)\b.{0,30}(?:locked|disabled|suspended|blocked|deactivated|expired)|(?:locked|disabled) account|locked out/i,
    },
    problem: 'the account is locked or switched off',
    advice:
      'Let its administrator unlock it, and find who tried wrong passwords: often an old copy of this configuration. Workers try again seldom, so that they do not lock it themselves.',
  },
  {
    id: 'auth.needs-tls',
    when: {
      stages: ['ehlo', 'auth', 'mail'],
      text: /starttls|(?:(?<!require)tls|ssl|encrypt\w*).{0,20}(?:required|needed)|requires? (?:tls|ssl|encrypt)/i,
    },
    problem: 'the server wants TLS before a login',
    advice: 'Set `tls: "starttls"` (587, 25) or `tls: "implicit"` (465).',
  },
  {
    id: 'auth.token-refused',
    when: { stages: ['auth'], methods: ['oauth2'], codes: [535, 534, 550, 554] },
    problem: 'the token was refused',
    advice:
      'Check that it is for the mailbox in `user`, has the scope for SMTP, and was not revoked. Exchange Online besides: admin consent, the service principal registered in Exchange, and its right to the mailbox. Then run "connections resume".',
  },
  {
    id: 'auth.windows-refused',
    when: { stages: ['auth'], methods: ['windows'], codes: [535, 534] },
    problem: 'the server does not let this Windows account in',
    advice:
      'Check user (with its domain) and password, whether the account is locked or expired, and whether it may log in to this server. If only NTLM fails: the server may demand channel binding (extended protection) or forbid NTLM; its security log has the reason, event 4625.',
  },
  {
    id: 'auth.password-refused',
    when: { stages: ['auth'], codes: [535] },
    problem: 'the server refuses user and password, or this account may not send by SMTP',
    advice:
      'Check user and password, by hand with a mail program if need be, and that the secret is the newest one. Gmail wants an app password, SES its SMTP credentials (no access key), SendGrid the user "apikey". Then run "connections resume", or wait: a changed secret is seen by itself.',
  },
  {
    id: 'auth.mechanism-refused',
    when: { stages: ['auth'], codes: [504, 534, 538] },
    problem: 'the server does not take this way to log in',
    advice:
      'Leave `mechanism` out, or demand another that the server offers; over TLS if it is not.',
  },
  {
    id: 'auth.server-cannot',
    when: { stages: ['auth'], codes: [432, 454, 451, 421] },
    problem: 'the server cannot check logins now',
    advice:
      'Its account service does not answer, or it wants fewer logins: it is tried again by itself. When it lasts, look at the log of the server.',
  },
  {
    id: 'auth.refused',
    when: { kinds: ['reply'], stages: ['auth'] },
    problem: 'the server refuses the login',
    advice: 'What it answered stands above. Check user, password and whether the account may send.',
  },
]

/** What servers answer to a greeting, an EHLO or an envelope. */
export const SESSION_REPLY_REMEDIES: readonly Remedy[] = [
  {
    id: 'greeting.refused',
    when: { kinds: ['reply'], stages: ['connect', 'greeting'] },
    problem: 'the server does not take connections from here, or not now',
    advice:
      "With 421 it is busy or counts connections: wait, and lower `limits.sessions`. With 554 this machine's address stands on a block list or is not allowed: ask its operator.",
  },
  {
    id: 'ehlo.refused',
    when: { kinds: ['reply'], stages: ['ehlo'] },
    problem: 'the server does not like how this machine names itself, or who it is',
    advice:
      'Set `clientName` to the full host name of this machine, one that DNS knows; or ask the operator of the server to allow it.',
  },
]
