/** Replies without an enhanced status code. */
export const basicTable = `
stage    | reply                                   | server       | message  | manager  | scope     | rule
dot      | 250 no                                  | -            | accepted | fine     | message   | basic.250.dot
rcpt     | 251 no                                  | -            | accepted | fine     | recipient | basic.251.rcpt
rcpt     | 252 no                                  | -            | accepted | fine     | recipient | basic.252.rcpt
data     | 354 no                                  | -            | accepted | fine     | message   | basic.354.data
greeting | 220 no                                  | -            | accepted | fine     | manager   | basic.220.greeting
after    | 221 no                                  | -            | accepted | fine     | message   | basic.221.after
auth     | 235 no                                  | -            | accepted | fine     | account   | basic.235.auth
auth     | 334 no                                  | -            | accepted | fine     | account   | basic.334.auth
mail     | 421 no                                  | -            | retry    | suspect  | manager   | basic.421.mail
rcpt     | 421 no                                  | -            | retry    | suspect  | manager   | basic.421.rcpt
data     | 421 no                                  | -            | retry    | suspect  | manager   | basic.421.data
dot      | 421 no                                  | -            | retry    | suspect  | manager   | basic.421.dot
mail     | 421 rate limited                        | -            | retry    | throttle | account   | basic.421.rate
mail     | 421 too many connections                | -            | retry    | throttle | account   | basic.421.rate
dot      | 421 high volume                         | -            | retry    | throttle | account   | basic.421.rate
rcpt     | 422 no                                  | -            | retry    | fine     | recipient | basic.422.rcpt
mail     | 432 no                                  | -            | retry    | throttle | account   | basic.432.mail
rcpt     | 430 no                                  | -            | retry    | fine     | recipient | basic.430.rcpt
dot      | 430 no                                  | -            | retry    | fine     | message   | basic.430.dot
dot      | 431 no                                  | -            | retry    | fine     | message   | basic.431.dot
dot      | 441 no                                  | -            | retry    | fine     | message   | basic.441.dot
dot      | 444 no                                  | -            | retry    | fine     | message   | basic.444.dot
dot      | 447 no                                  | -            | retry    | fine     | message   | basic.447.dot
mail     | 450 busy                                | -            | retry    | fine     | sender    | basic.450.mail
rcpt     | 450 busy                                | -            | retry    | fine     | recipient | basic.450.rcpt
dot      | 450 busy                                | -            | retry    | fine     | message   | basic.450.dot
rcpt     | 450 mail comes too quickly              | -            | retry    | fine     | recipient | basic.450.rate
rcpt     | 450 over the rate                       | -            | retry    | fine     | recipient | basic.450.rate
mail     | 451 no                                  | -            | retry    | fine     | sender    | basic.451.mail
rcpt     | 451 no                                  | -            | retry    | fine     | recipient | basic.451.rcpt
dot      | 451 no                                  | -            | retry    | fine     | message   | basic.451.dot
dot      | 451 unresolvable RFC.5321 from domain   | -            | retry    | fine     | sender    | basic.451.sender-domain
mail     | 452 full                                | -            | retry    | fine     | sender    | basic.452.mail
rcpt     | 452 full                                | -            | retry    | fine     | recipient | basic.452.rcpt
rcpt     | 452 full                                | -+accepted   | split    | fine     | recipient | basic.452.split
dot      | 452 full                                | -            | retry    | fine     | message   | basic.452.dot
rcpt     | 452 too many emails per hour            | -            | retry    | throttle | account   | basic.452.rate
rcpt     | 452 too many recipients                 | -+first      | split    | fine     | recipient | provider.any.recipients
mail     | 453 no                                  | -            | retry    | fine     | manager   | basic.453.mail
rcpt     | 453 no                                  | -            | retry    | fine     | manager   | basic.453.rcpt
mail     | 454 no                                  | -            | retry    | fine     | account   | basic.454.mail
dot      | 454 Throttling failure                  | -            | retry    | throttle | account   | basic.454.rate
mail     | 455 no                                  | -            | retry    | fine     | message   | basic.455.mail
mail     | 455 no                                  | -+parameters | retry    | fine     | message   | basic.455.drop
mail     | 458 no                                  | -            | retry    | fine     | message   | basic.458.mail
mail     | 459 no                                  | -            | retry    | fine     | message   | basic.459.mail
mail     | 500 no                                  | -            | refuse   | fine     | sender    | basic.500.mail
mail     | 501 no                                  | -            | refuse   | fine     | sender    | basic.501.mail
mail     | 502 no                                  | -            | refuse   | fine     | sender    | basic.502.mail
mail     | 503 no                                  | -            | retry    | fine     | sender    | basic.503.mail
rcpt     | 503 no                                  | -            | retry    | fine     | recipient | basic.503.rcpt
data     | 503 no                                  | -            | retry    | fine     | message   | basic.503.data
dot      | 503 no                                  | -            | retry    | fine     | message   | basic.503.dot
mail     | 503 AUTH first                          | -            | retry    | auth     | account   | basic.503.auth
mail     | 504 no                                  | -            | refuse   | fine     | sender    | basic.504.mail
mail     | 504 no                                  | -+parameters | retry    | fine     | message   | basic.504.drop
rcpt     | 504 no                                  | -+parameters | retry    | fine     | recipient | basic.504.drop
data     | 500 no                                  | -            | refuse   | fine     | message   | basic.500.data
rcpt     | 501 no                                  | -            | refuse   | fine     | recipient | basic.501.rcpt
rcpt     | 510 no                                  | -            | refuse   | fine     | recipient | basic.510.rcpt
rcpt     | 511 no                                  | -            | refuse   | fine     | recipient | basic.511.rcpt
rcpt     | 512 no                                  | -            | refuse   | fine     | recipient | basic.512.rcpt
dot      | 541 no                                  | -            | refuse   | fine     | message   | basic.541.dot
mail     | 521 no                                  | -            | retry    | suspect  | manager   | basic.521.no-service
rcpt     | 521 no                                  | -            | refuse   | fine     | recipient | basic.521.rcpt
mail     | 523 no                                  | -            | retry    | auth     | account   | basic.523.mail
mail     | 524 no                                  | -            | retry    | auth     | account   | basic.524.mail
mail     | 538 no                                  | -            | retry    | auth     | account   | basic.538.mail
mail     | 525 no                                  | -            | retry    | auth     | account   | basic.525.mail
mail     | 530 no                                  | -            | retry    | auth     | account   | basic.530.mail
mail     | 530 Must issue a STARTTLS command first | -            | retry    | auth     | account   | basic.530.mail
mail     | 533 no                                  | -            | retry    | auth     | account   | basic.533.mail
mail     | 534 no                                  | -            | retry    | auth     | account   | basic.534.mail
mail     | 535 no                                  | -            | retry    | auth     | account   | basic.535.mail
mail     | 550 no                                  | -            | refuse   | fine     | sender    | basic.550.mail
rcpt     | 550 no                                  | -            | refuse   | fine     | recipient | basic.550.rcpt
dot      | 550 no                                  | -            | refuse   | fine     | message   | basic.550.dot
dot      | 550 this is spam                        | -            | refuse   | fine     | message   | basic.550.policy
dot      | 550 by our policy                       | -            | refuse   | fine     | message   | basic.550.policy
dot      | 550 authentication failed               | -            | refuse   | fine     | message   | basic.550.policy
rcpt     | 551 no                                  | -            | refuse   | fine     | recipient | basic.551.rcpt
rcpt     | 552 full                                | -            | refuse   | fine     | recipient | basic.552.rcpt
rcpt     | 552 full                                | -+accepted   | split    | fine     | recipient | basic.552.split
dot      | 552 too large                           | -            | refuse   | fine     | message   | basic.552.dot
rcpt     | 553 no                                  | -            | refuse   | fine     | recipient | basic.553.rcpt
mail     | 553 no                                  | -            | refuse   | fine     | sender    | basic.553.mail
rcpt     | 554 no                                  | -            | refuse   | fine     | recipient | basic.554.rcpt
dot      | 554 no                                  | -            | refuse   | fine     | message   | basic.554.dot
dot      | 554 daily message limit exceeded        | -            | retry    | throttle | account   | basic.554.quota
mail     | 555 no                                  | -            | refuse   | fine     | message   | basic.555.mail
mail     | 555 no                                  | -+parameters | retry    | fine     | message   | basic.555.drop
rcpt     | 555 no                                  | -            | refuse   | fine     | recipient | basic.555.rcpt
rcpt     | 555 no                                  | -+parameters | retry    | fine     | recipient | basic.555.drop
data     | 555 no                                  | -+parameters | refuse   | fine     | message   | basic.555.data
rcpt     | 556 no                                  | -            | refuse   | fine     | domain    | basic.556.rcpt
rcpt     | 499 no                                  | -            | retry    | fine     | recipient | basic.4yz.rcpt
rcpt     | 599 no                                  | -            | refuse   | fine     | recipient | basic.5yz.rcpt
`
