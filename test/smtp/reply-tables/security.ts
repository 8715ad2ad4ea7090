/** Enhanced status codes of the subject 7, those of Exchange Online among them. */
export const securityTable = `
stage | reply                                            | server   | message | manager  | scope     | rule
dot   | 450 4.7.0 no                                     | -        | retry   | throttle | account   | enhanced.4.7.0
dot   | 550 5.7.0 no                                     | -        | refuse  | fine     | message   | enhanced.5.7.0
dot   | 450 4.7.1 no                                     | -        | retry   | fine     | message   | enhanced.4.7.1
dot   | 550 5.7.1 no                                     | -        | refuse  | fine     | message   | enhanced.5.7.1
rcpt  | 450 4.7.2 no                                     | -        | retry   | fine     | recipient | basic.450.rcpt
rcpt  | 550 5.7.2 no                                     | -        | refuse  | fine     | recipient | enhanced.5.7.2
mail  | 450 4.7.3 no                                     | -        | retry   | fine     | sender    | basic.450.mail
mail  | 550 5.7.3 no                                     | -        | refuse  | fine     | account   | enhanced.5.7.3
mail  | 450 4.7.4 no                                     | -        | retry   | suspect  | account   | enhanced.4.7.4
mail  | 550 5.7.4 no                                     | -        | retry   | auth     | account   | enhanced.5.7.4
dot   | 450 4.7.5 no                                     | -        | retry   | suspect  | manager   | enhanced.4.7.5-7
dot   | 550 5.7.5 no                                     | -        | refuse  | fine     | message   | enhanced.5.7.5-7
dot   | 450 4.7.6 no                                     | -        | retry   | suspect  | manager   | enhanced.4.7.5-7
dot   | 550 5.7.6 no                                     | -        | refuse  | fine     | message   | enhanced.5.7.5-7
dot   | 450 4.7.7 no                                     | -        | retry   | suspect  | manager   | enhanced.4.7.5-7
dot   | 550 5.7.7 no                                     | -        | refuse  | fine     | message   | enhanced.5.7.5-7
mail  | 450 4.7.8 no                                     | -        | retry   | suspect  | account   | enhanced.4.7.8
mail  | 550 5.7.8 no                                     | -        | retry   | auth     | account   | enhanced.5.7.8
mail  | 450 4.7.9 no                                     | -        | retry   | suspect  | account   | enhanced.4.7.9
mail  | 550 5.7.9 no                                     | -        | retry   | auth     | account   | enhanced.5.7.9
mail  | 450 4.7.10 no                                    | -        | retry   | suspect  | manager   | enhanced.4.7.10
mail  | 550 5.7.10 no                                    | -        | retry   | auth     | account   | enhanced.5.7.10
mail  | 450 4.7.11 no                                    | -        | retry   | suspect  | account   | enhanced.4.7.11-12
mail  | 550 5.7.11 no                                    | -        | retry   | auth     | account   | enhanced.5.7.11-12
mail  | 450 4.7.12 no                                    | -        | retry   | suspect  | account   | enhanced.4.7.11-12
mail  | 550 5.7.12 no                                    | -        | retry   | auth     | account   | enhanced.5.7.11-12
mail  | 450 4.7.13 no                                    | -        | retry   | fine     | sender    | basic.450.mail
mail  | 550 5.7.13 no                                    | -        | retry   | auth     | account   | enhanced.5.7.13
mail  | 450 4.7.14 no                                    | -        | retry   | fine     | sender    | basic.450.mail
mail  | 550 5.7.14 no                                    | -        | retry   | auth     | account   | enhanced.5.7.14
dot   | 450 4.7.15 no                                    | -        | retry   | fine     | message   | enhanced.4.7.15-16
dot   | 550 5.7.15 no                                    | -        | refuse  | fine     | message   | enhanced.5.7.15-16
dot   | 450 4.7.16 no                                    | -        | retry   | fine     | message   | enhanced.4.7.15-16
dot   | 550 5.7.16 no                                    | -        | refuse  | fine     | message   | enhanced.5.7.15-16
rcpt  | 450 4.7.17 no                                    | -        | retry   | fine     | recipient | basic.450.rcpt
rcpt  | 550 5.7.17 no                                    | -        | refuse  | fine     | recipient | enhanced.5.7.17-18
rcpt  | 450 4.7.18 no                                    | -        | retry   | fine     | recipient | basic.450.rcpt
rcpt  | 550 5.7.18 no                                    | -        | refuse  | fine     | recipient | enhanced.5.7.17-18
rcpt  | 450 4.7.19 no                                    | -        | retry   | fine     | recipient | basic.450.rcpt
rcpt  | 550 5.7.19 no                                    | -        | refuse  | fine     | recipient | enhanced.5.7.19
dot   | 450 4.7.20 no                                    | -        | retry   | fine     | sender    | enhanced.4.7.20-22
dot   | 550 5.7.20 no                                    | -        | refuse  | fine     | sender    | enhanced.5.7.20-22
dot   | 450 4.7.21 no                                    | -        | retry   | fine     | sender    | enhanced.4.7.20-22
dot   | 550 5.7.21 no                                    | -        | refuse  | fine     | sender    | enhanced.5.7.20-22
dot   | 450 4.7.22 no                                    | -        | retry   | fine     | sender    | enhanced.4.7.20-22
dot   | 550 5.7.22 no                                    | -        | refuse  | fine     | sender    | enhanced.5.7.20-22
dot   | 450 4.7.23 no                                    | -        | retry   | throttle | account   | enhanced.4.7.23-24
dot   | 550 5.7.23 no                                    | -        | refuse  | fine     | sender    | enhanced.5.7.23-24
dot   | 450 4.7.24 no                                    | -        | retry   | throttle | account   | enhanced.4.7.23-24
dot   | 550 5.7.24 no                                    | -        | refuse  | fine     | sender    | enhanced.5.7.23-24
dot   | 450 4.7.25 no                                    | -        | retry   | throttle | account   | enhanced.4.7.25
dot   | 550 5.7.25 no                                    | -        | refuse  | fine     | manager   | enhanced.5.7.25
dot   | 450 4.7.26 no                                    | -        | retry   | throttle | account   | enhanced.4.7.26-27
dot   | 550 5.7.26 no                                    | -        | refuse  | fine     | sender    | enhanced.5.7.26-27
dot   | 450 4.7.27 no                                    | -        | retry   | throttle | account   | enhanced.4.7.26-27
dot   | 550 5.7.27 no                                    | -        | refuse  | fine     | sender    | enhanced.5.7.26-27
dot   | 450 4.7.28 no                                    | -        | retry   | throttle | account   | enhanced.4.7.28
dot   | 550 5.7.28 no                                    | -        | retry   | throttle | account   | enhanced.5.7.28
dot   | 450 4.7.29 no                                    | -        | retry   | suspect  | manager   | enhanced.4.7.29
dot   | 550 5.7.29 no                                    | -        | refuse  | fine     | message   | enhanced.5.7.29
dot   | 450 4.7.30 no                                    | -        | retry   | fine     | message   | basic.450.dot
dot   | 550 5.7.30 no                                    | -        | refuse  | fine     | message   | enhanced.5.7.30
rcpt  | 450 4.7.321 no                                   | -        | retry   | suspect  | domain    | enhanced.4.7.321-325
rcpt  | 550 5.7.321 no                                   | -        | refuse  | fine     | domain    | enhanced.5.7.321-325
rcpt  | 450 4.7.325 no                                   | -        | retry   | suspect  | domain    | enhanced.4.7.321-325
rcpt  | 550 5.7.325 no                                   | -        | refuse  | fine     | domain    | enhanced.5.7.321-325
dot   | 450 4.7.500 no                                   | -        | retry   | throttle | account   | enhanced.4.7.500-699
dot   | 550 5.7.500 no                                   | -        | refuse  | fine     | message   | basic.550.dot
dot   | 450 4.7.699 no                                   | -        | retry   | throttle | account   | enhanced.4.7.500-699
dot   | 550 5.7.699 no                                   | -        | refuse  | fine     | message   | basic.550.dot
dot   | 450 4.7.850 no                                   | -        | retry   | throttle | account   | enhanced.4.7.850-899
dot   | 550 5.7.850 no                                   | -        | refuse  | fine     | message   | basic.550.dot
dot   | 450 4.7.899 no                                   | -        | retry   | throttle | account   | enhanced.4.7.850-899
dot   | 550 5.7.899 no                                   | -        | refuse  | fine     | message   | basic.550.dot
dot   | 450 4.7.650 no                                   | -        | retry   | throttle | account   | enhanced.4.7.500-699
dot   | 550 5.7.650 no                                   | -        | refuse  | fine     | message   | basic.550.dot
dot   | 450 4.7.501 no                                   | -        | retry   | throttle | account   | enhanced.4.7.501-503
dot   | 550 5.7.501 no                                   | -        | retry   | auth     | account   | enhanced.5.7.501-503
dot   | 450 4.7.503 no                                   | -        | retry   | throttle | account   | enhanced.4.7.501-503
dot   | 550 5.7.503 no                                   | -        | retry   | auth     | account   | enhanced.5.7.501-503
dot   | 450 4.7.511 no                                   | -        | retry   | throttle | account   | enhanced.4.7.511
dot   | 550 5.7.511 no                                   | -        | retry   | auth     | account   | enhanced.5.7.511
dot   | 450 4.7.606 no                                   | -        | retry   | throttle | account   | enhanced.4.7.606-649
dot   | 550 5.7.606 no                                   | -        | retry   | auth     | account   | enhanced.5.7.606-649
dot   | 450 4.7.649 no                                   | -        | retry   | throttle | account   | enhanced.4.7.606-649
dot   | 550 5.7.649 no                                   | -        | retry   | auth     | account   | enhanced.5.7.606-649
dot   | 450 4.7.700 no                                   | -        | retry   | fine     | message   | basic.450.dot
dot   | 550 5.7.700 no                                   | -        | retry   | auth     | account   | enhanced.5.7.700-749
dot   | 450 4.7.749 no                                   | -        | retry   | fine     | message   | basic.450.dot
dot   | 550 5.7.749 no                                   | -        | retry   | auth     | account   | enhanced.5.7.700-749
dot   | 450 4.7.750 no                                   | -        | retry   | fine     | message   | basic.450.dot
dot   | 550 5.7.750 no                                   | -        | retry   | auth     | account   | enhanced.5.7.750
dot   | 450 4.7.515 no                                   | -        | retry   | throttle | account   | enhanced.4.7.515
dot   | 550 5.7.515 no                                   | -        | refuse  | fine     | sender    | enhanced.5.7.515
mail  | 450 4.7.57 no                                    | -        | retry   | fine     | sender    | basic.450.mail
mail  | 550 5.7.57 no                                    | -        | retry   | auth     | account   | enhanced.5.7.57
mail  | 450 4.7.60 no                                    | -        | retry   | fine     | sender    | basic.450.mail
mail  | 550 5.7.60 no                                    | -        | refuse  | fine     | account   | enhanced.5.7.60
mail  | 450 4.7.64 no                                    | -        | retry   | fine     | sender    | basic.450.mail
mail  | 550 5.7.64 no                                    | -        | retry   | auth     | account   | enhanced.5.7.64
mail  | 450 4.7.139 no                                   | -        | retry   | fine     | sender    | basic.450.mail
mail  | 550 5.7.139 no                                   | -        | retry   | auth     | account   | enhanced.5.7.139
dot   | 450 4.7.508 no                                   | -        | retry   | throttle | account   | enhanced.4.7.508
dot   | 550 5.7.508 no                                   | -        | retry   | throttle | account   | enhanced.5.7.508
rcpt  | 450 4.7.0 no                                     | gmail    | retry   | fine     | recipient | enhanced.4.7.0.recipient
mail  | 421 4.7.0 no                                     | gmail    | retry   | throttle | account   | enhanced.4.7.0
mail  | 550 5.7.0 TLS is required                        | -        | retry   | suspect  | manager   | enhanced.5.7.0.tls
mail  | 450 4.7.0 must issue a STARTTLS                  | -        | retry   | suspect  | manager   | enhanced.4.7.0.tls
rcpt  | 450 4.7.1 rate limit                             | -        | retry   | throttle | account   | enhanced.4.7.1.rate
rcpt  | 451 4.7.1 greylisted for now                     | -        | retry   | fine     | recipient | provider.any.greylist
rcpt  | 554 5.7.1 Relay access denied                    | -        | refuse  | suspect  | account   | enhanced.5.7.1.relay
mail  | 550 5.7.1 Client was not authenticated           | -        | retry   | auth     | account   | enhanced.5.7.1.login
dot   | 554 5.7.9 unauthenticated sender                 | yahoo    | refuse  | fine     | sender    | enhanced.5.7.9.yahoo
mail  | 535 5.7.3 no                                     | exchange | retry   | auth     | account   | basic.535.mail
rcpt  | 550 5.7.13 public folder                         | exchange | refuse  | fine     | recipient | enhanced.5.7.13.folder
dot   | 550 5.7.29 TLS required                          | gmail    | retry   | suspect  | manager   | enhanced.5.7.29.tls
dot   | 421 4.7.29 TLS required                          | gmail    | retry   | suspect  | manager   | enhanced.4.7.29
dot   | 550 5.7.30 no                                    | exchange | retry   | auth     | account   | enhanced.5.7.30.exchange
dot   | 550 5.7.30 DKIM                                  | gmail    | refuse  | fine     | message   | enhanced.5.7.30
mail  | 550 5.7.30 no                                    | -        | retry   | auth     | account   | enhanced.5.7.30.login
mail  | 550 5.7.30 REQUIRETLS support required           | -        | refuse  | fine     | message   | enhanced.5.7.30.requiretls
rcpt  | 550 5.7.30 REQUIRETLS support required           | exchange | refuse  | fine     | recipient | enhanced.5.7.30.requiretls
dot   | 550 5.7.30 REQUIRETLS support required           | gmail    | refuse  | fine     | message   | enhanced.5.7.30.requiretls
dot   | 550 5.7.30 Basic authentication is not supported | -        | retry   | auth     | account   | provider.exchange.basic-auth
dot   | 550 5.7.30 Basic authentication is not supported | gmail    | retry   | auth     | account   | enhanced.5.7.30.basic
`
