/** What the stage decides (RFC 5321 §4.2.5, Postfix smtp_trouble.c). */
export const stagesTable = `
stage    | reply                                            | server | message   | manager | scope     | rule
greeting | 421 4.3.2 too busy                               | -      | return    | fault   | manager   | stage.greeting.4yz
greeting | 450 not now                                      | -      | return    | fault   | manager   | stage.greeting.4yz
greeting | 521 5.3.2 no mail here                           | -      | return    | fault   | manager   | stage.greeting.5yz
greeting | 554 5.7.1 no service                             | -      | return    | fault   | manager   | stage.greeting.5yz
ehlo     | 421 4.3.2 too busy                               | -      | return    | fault   | manager   | stage.ehlo.4yz
ehlo     | 451 4.3.0 no                                     | -      | return    | fault   | manager   | stage.ehlo.4yz
ehlo     | 501 5.5.4 bad name                               | -      | return    | fault   | manager   | stage.ehlo.5yz
ehlo     | 503 5.5.1 no                                     | -      | return    | fault   | manager   | stage.ehlo.5yz
starttls | 454 4.7.0 TLS not available                      | -      | return    | fault   | manager   | stage.starttls.4yz
starttls | 502 5.5.1 unknown                                | -      | return    | fault   | manager   | stage.starttls.5yz
auth     | 421 4.3.0 no                                     | -      | return    | fault   | account   | stage.auth.4yz
auth     | 422 4.7.12 password transition                   | -      | return    | fault   | account   | stage.auth.4yz
auth     | 432 4.7.12 password transition                   | -      | return    | fault   | account   | stage.auth.4yz
auth     | 454 4.7.0 temporary                              | -      | return    | fault   | account   | stage.auth.4yz
auth     | 501 5.5.2 syntax                                 | -      | return    | auth    | account   | stage.auth.5yz
auth     | 504 5.7.4 mechanism                              | -      | return    | auth    | account   | stage.auth.5yz
auth     | 530 5.7.0 TLS first                              | -      | return    | auth    | account   | stage.auth.5yz
auth     | 534 5.7.9 too weak                               | -      | return    | auth    | account   | stage.auth.5yz
auth     | 535 5.7.3 no                                     | -      | return    | auth    | account   | stage.auth.5yz
auth     | 535 5.7.8 wrong                                  | -      | return    | auth    | account   | stage.auth.5yz
auth     | 535 5.7.139 SMTP AUTH is disabled                | -      | return    | auth    | account   | stage.auth.5yz
auth     | 550 5.7.30 Basic authentication is not supported | -      | return    | auth    | account   | provider.exchange.basic-auth
mail     | 250 ok                                           | -      | accepted  | fine    | sender    | basic.250.mail
rcpt     | 250 ok                                           | -      | accepted  | fine    | recipient | basic.250.rcpt
data     | 354 go on                                        | -      | accepted  | fine    | message   | basic.354.data
dot      | 250 2.0.0 taken                                  | -      | accepted  | fine    | message   | basic.250.dot
after    | 421 4.4.2 goodbye                                | -      | accepted  | fine    | message   | stage.after.4yz
after    | 550 5.7.1 too late                               | -      | accepted  | fine    | message   | stage.after.5yz
mail     | 354 go on                                        | -      | retry     | suspect | manager   | stage.mail.protocol
rcpt     | 334 eGVz                                         | -      | retry     | suspect | manager   | stage.rcpt.protocol
data     | 250 ok                                           | -      | retry     | suspect | manager   | stage.data.protocol
dot      | 354 go on                                        | -      | uncertain | suspect | message   | stage.dot.protocol
ehlo     | 354 go on                                        | -      | return    | fault   | manager   | stage.ehlo.protocol
`
