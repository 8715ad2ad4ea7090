import type { Remedy } from './remedy.ts'

/** On the way to the server, until it has greeted. */
export const NETWORK_REMEDIES: readonly Remedy[] = [
  {
    id: 'dns.unknown-host',
    when: { kinds: ['dns'], causes: ['ENOTFOUND', 'ENODATA'] },
    problem: 'there is no such host',
    advice:
      'Compare `server` with the name that the provider or administrator gave. If it is right, this machine asks another name server than you: try `getent hosts NAME` here, and in a container inside of it.',
  },
  {
    id: 'dns.no-answer',
    when: { kinds: ['dns'] },
    problem: 'the name server does not answer',
    advice:
      'Check /etc/resolv.conf (in a container: its DNS settings) and that this machine reaches its name server: UDP and TCP port 53.',
  },
  {
    id: 'connect.refused',
    when: { kinds: ['refused'], stages: ['connect'], causes: ['ECONNREFUSED'] },
    problem: 'the machine is there, and nothing listens on this port',
    advice:
      'Check `server` and `port` (587 for STARTTLS, 465 for implicit TLS, 25 for relays) and that the mail server runs. In a container 127.0.0.1 and localhost are the container itself.',
  },
  {
    id: 'connect.forbidden',
    when: { kinds: ['refused'], stages: ['connect'], causes: ['EACCES', 'EPERM'] },
    problem: 'this machine forbids the connection',
    advice:
      'A firewall or a security policy of this machine or container forbids it: allow TCP to `server` and `port` (iptables, nftables, SELinux, a network policy).',
  },
  {
    id: 'connect.unreachable',
    when: { kinds: ['refused'], stages: ['connect'] },
    problem: 'no route leads to the server',
    advice:
      'Check the network, the VPN and the firewalls between. If the name has an IPv6 address and this machine has no IPv6, give `server` a name or address with IPv4.',
  },
  {
    id: 'connect.blocked-25',
    when: { kinds: ['timeout'], stages: ['connect'], ports: [25] },
    problem: 'nothing comes back from port 25',
    advice:
      'Most clouds and internet providers drop everything to port 25. Use the port for submission: 587 with `tls: "starttls"`, or 465 with `tls: "implicit"`; or ask your provider to open 25.',
  },
  {
    id: 'connect.blocked',
    when: { kinds: ['timeout'], stages: ['connect'] },
    problem: 'nothing comes back, not even a refusal',
    advice:
      'A firewall drops it: open TCP from this machine to `server` and `port` in security groups, network policies and the firewalls between, and check that the address is right.',
  },
  {
    id: 'tls.mode-implicit-wanted',
    when: {
      kinds: ['timeout', 'closed', 'protocol'],
      stages: ['greeting'],
      tls: ['none', 'starttls', 'opportunistic'],
      ports: [465],
    },
    problem: 'port 465 waits for TLS, and we for its greeting',
    advice:
      'On port 465 TLS begins with the first byte: set `tls: "implicit"`, or use port 587 with `tls: "starttls"`.',
  },
  {
    id: 'tls.mode-plain-first',
    when: {
      kinds: ['tls'],
      stages: ['tls'],
      causes: ['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG'],
    },
    problem: 'the port speaks in the clear first, and we began with TLS',
    advice:
      'Ports 587 and 25 begin in the clear: set `tls: "starttls"`, or use the port for implicit TLS, 465.',
  },
  {
    id: 'tls.closed',
    when: { kinds: ['closed', 'timeout'], stages: ['tls', 'starttls'] },
    problem: 'the TLS handshake does not come to its end',
    advice:
      'Check that the port speaks TLS from the first byte (465; else set `tls: "starttls"`), that no firewall or virus scanner sits between, and whether the server wants another client certificate: its log tells.',
  },
  {
    id: 'greeting.silent',
    when: { kinds: ['timeout'], stages: ['greeting'] },
    problem: 'the connection stands, and the server says nothing',
    advice:
      'If the port speaks TLS from the first byte, as 465 does, both sides wait: set `tls: "implicit"`. Else the server is overloaded, or has us wait on purpose, or a firewall or virus scanner took the connection in its place: ask its operator.',
  },
  {
    id: 'greeting.closed',
    when: { kinds: ['closed'], stages: ['greeting'] },
    problem: 'the server closes the connection before a word',
    advice:
      'If the port speaks TLS from the first byte, as 465 does, set `tls: "implicit"`. Else the server takes no connections from this address, or not so many, or a load balancer has no server behind it: ask its operator to allow this address.',
  },
  {
    id: 'greeting.no-mail-server',
    when: { kinds: ['protocol'], stages: ['greeting', 'ehlo'] },
    problem: 'what answers is no mail server',
    advice: 'Something else listens there, a web or SSH server perhaps: check `server` and `port`.',
  },
  {
    id: 'session.closed',
    when: { kinds: ['closed'] },
    problem: 'the server ended the session without a word',
    advice:
      'Its log says why; some do so after too many failed logins or connections from one address, or when a firewall between reads along.',
  },
  {
    id: 'session.silent',
    when: { kinds: ['timeout'] },
    problem: 'the server stopped answering',
    advice:
      'It may be overloaded, or may be waiting for a directory or account service of its own: look at its log, and see `timeouts`.',
  },
]
