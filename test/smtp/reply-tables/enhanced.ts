/** Enhanced status codes of the subjects 0 to 6, and codes that contradict each other. */
export const enhancedTable = `
stage | reply                                         | server     | message | manager  | scope     | rule
dot   | 450 4.0.0 no                                  | -          | retry   | fine     | message   | basic.450.dot
dot   | 550 5.0.0 no                                  | -          | refuse  | fine     | message   | basic.550.dot
rcpt  | 450 4.1.0 no                                  | -          | retry   | fine     | recipient | enhanced.4.1.0
rcpt  | 550 5.1.0 no                                  | -          | refuse  | fine     | recipient | enhanced.5.1.0
rcpt  | 450 4.1.1 no                                  | -          | retry   | fine     | recipient | enhanced.4.1.1
rcpt  | 550 5.1.1 no                                  | -          | refuse  | fine     | recipient | enhanced.5.1.1
rcpt  | 450 4.1.2 no                                  | -          | retry   | fine     | domain    | enhanced.4.1.2
rcpt  | 550 5.1.2 no                                  | -          | refuse  | fine     | domain    | enhanced.5.1.2
rcpt  | 450 4.1.3 no                                  | -          | retry   | fine     | recipient | basic.450.rcpt
rcpt  | 550 5.1.3 no                                  | -          | refuse  | fine     | recipient | enhanced.5.1.3
rcpt  | 450 4.1.4 no                                  | -          | retry   | fine     | recipient | enhanced.4.1.4
rcpt  | 550 5.1.4 no                                  | -          | refuse  | fine     | recipient | enhanced.5.1.4
rcpt  | 450 4.1.5 no                                  | -          | retry   | fine     | recipient | basic.450.rcpt
rcpt  | 550 5.1.5 no                                  | -          | refuse  | fine     | recipient | basic.550.rcpt
rcpt  | 450 4.1.6 no                                  | -          | retry   | fine     | recipient | basic.450.rcpt
rcpt  | 550 5.1.6 no                                  | -          | refuse  | fine     | recipient | enhanced.5.1.6
mail  | 450 4.1.7 no                                  | -          | retry   | fine     | sender    | basic.450.mail
mail  | 550 5.1.7 no                                  | -          | refuse  | fine     | sender    | enhanced.5.1.7
mail  | 450 4.1.8 no                                  | -          | retry   | fine     | sender    | enhanced.4.1.8
mail  | 550 5.1.8 no                                  | -          | refuse  | fine     | sender    | enhanced.5.1.8
rcpt  | 450 4.1.9 no                                  | -          | retry   | fine     | recipient | basic.450.rcpt
rcpt  | 550 5.1.9 no                                  | -          | refuse  | fine     | recipient | basic.550.rcpt
rcpt  | 450 4.1.10 no                                 | -          | retry   | fine     | recipient | basic.450.rcpt
rcpt  | 550 5.1.10 no                                 | -          | refuse  | fine     | domain    | enhanced.5.1.10
dot   | 450 4.1.90 no                                 | -          | retry   | fine     | message   | basic.450.dot
dot   | 550 5.1.90 no                                 | -          | retry   | throttle | account   | enhanced.5.1.90
rcpt  | 450 4.2.0 no                                  | -          | retry   | fine     | recipient | enhanced.4.2.0
rcpt  | 550 5.2.0 no                                  | -          | refuse  | fine     | recipient | enhanced.5.2.0
rcpt  | 450 4.2.1 no                                  | -          | retry   | fine     | recipient | enhanced.4.2.1
rcpt  | 550 5.2.1 no                                  | -          | refuse  | fine     | recipient | enhanced.5.2.1
rcpt  | 450 4.2.2 no                                  | -          | retry   | fine     | recipient | enhanced.4.2.2
rcpt  | 550 5.2.2 no                                  | -          | refuse  | fine     | recipient | enhanced.5.2.2
dot   | 450 4.2.3 no                                  | -          | retry   | fine     | message   | basic.450.dot
dot   | 550 5.2.3 no                                  | -          | refuse  | fine     | message   | enhanced.5.2.3
rcpt  | 450 4.2.4 no                                  | -          | retry   | fine     | recipient | enhanced.4.2.4
rcpt  | 550 5.2.4 no                                  | -          | refuse  | fine     | recipient | enhanced.5.2.4
rcpt  | 450 4.2.121 no                                | -          | retry   | fine     | recipient | basic.450.rcpt
rcpt  | 550 5.2.121 no                                | -          | retry   | fine     | recipient | enhanced.5.2.121-122
rcpt  | 450 4.2.122 no                                | -          | retry   | fine     | recipient | basic.450.rcpt
rcpt  | 550 5.2.122 no                                | -          | retry   | fine     | recipient | enhanced.5.2.121-122
dot   | 450 4.3.0 no                                  | -          | retry   | fine     | message   | enhanced.4.3.0
dot   | 550 5.3.0 no                                  | -          | refuse  | fine     | message   | enhanced.5.3.0
dot   | 450 4.3.1 no                                  | -          | retry   | suspect  | manager   | enhanced.4.3.1
dot   | 550 5.3.1 no                                  | -          | refuse  | fine     | manager   | enhanced.5.3.1
rcpt  | 450 4.3.2 no                                  | -          | retry   | suspect  | manager   | enhanced.4.3.2
rcpt  | 550 5.3.2 no                                  | -          | refuse  | fine     | manager   | enhanced.5.3.2
dot   | 450 4.3.3 no                                  | -          | retry   | fine     | message   | enhanced.4.3.3
dot   | 550 5.3.3 no                                  | -          | refuse  | fine     | message   | enhanced.5.3.3
mail  | 450 4.3.4 no                                  | -          | retry   | fine     | message   | enhanced.4.3.4
mail  | 550 5.3.4 no                                  | -          | refuse  | fine     | message   | enhanced.5.3.4
rcpt  | 450 4.3.5 no                                  | -          | retry   | suspect  | manager   | enhanced.4.3.5
rcpt  | 550 5.3.5 no                                  | -          | retry   | suspect  | manager   | enhanced.5.3.5
rcpt  | 450 4.4.0 no                                  | -          | retry   | suspect  | manager   | enhanced.4.4.0
rcpt  | 550 5.4.0 no                                  | -          | refuse  | fine     | manager   | enhanced.5.4.0
rcpt  | 450 4.4.1 no                                  | -          | retry   | suspect  | manager   | enhanced.4.4.1
rcpt  | 550 5.4.1 no                                  | -          | refuse  | fine     | manager   | enhanced.5.4.1
dot   | 450 4.4.2 no                                  | -          | retry   | suspect  | manager   | enhanced.4.4.2
dot   | 550 5.4.2 no                                  | -          | retry   | suspect  | manager   | enhanced.5.4.2
rcpt  | 450 4.4.3 no                                  | -          | retry   | fine     | manager   | enhanced.4.4.3
rcpt  | 550 5.4.3 no                                  | -          | refuse  | fine     | manager   | enhanced.5.4.3
rcpt  | 450 4.4.4 no                                  | -          | retry   | fine     | domain    | enhanced.4.4.4
rcpt  | 550 5.4.4 no                                  | -          | refuse  | fine     | domain    | enhanced.5.4.4
dot   | 450 4.4.5 no                                  | -          | retry   | throttle | account   | enhanced.4.4.5
dot   | 550 5.4.5 no                                  | -          | retry   | throttle | account   | enhanced.5.4.5
dot   | 450 4.4.6 no                                  | -          | retry   | fine     | message   | enhanced.4.4.6-7
dot   | 550 5.4.6 no                                  | -          | refuse  | fine     | message   | enhanced.5.4.6-7
dot   | 450 4.4.7 no                                  | -          | retry   | fine     | message   | enhanced.4.4.6-7
dot   | 550 5.4.7 no                                  | -          | refuse  | fine     | message   | enhanced.5.4.6-7
rcpt  | 450 4.4.8 no                                  | -          | retry   | fine     | manager   | enhanced.4.4.8
rcpt  | 550 5.4.8 no                                  | -          | refuse  | fine     | recipient | basic.550.rcpt
data  | 450 4.5.0 no                                  | -          | retry   | fine     | message   | enhanced.4.5.0-1
data  | 550 5.5.0 no                                  | -          | refuse  | fine     | message   | enhanced.5.5.0-1
data  | 450 4.5.1 no                                  | -          | retry   | fine     | message   | enhanced.4.5.0-1
data  | 550 5.5.1 no                                  | -          | refuse  | fine     | message   | enhanced.5.5.0-1
data  | 450 4.5.2 no                                  | -          | retry   | fine     | message   | basic.450.data
data  | 550 5.5.2 no                                  | -          | refuse  | fine     | message   | enhanced.5.5.2
rcpt  | 450 4.5.3 no                                  | -          | retry   | fine     | recipient | enhanced.4.5.3
rcpt  | 550 5.5.3 no                                  | -          | refuse  | fine     | recipient | enhanced.5.5.3
mail  | 450 4.5.4 no                                  | -          | retry   | fine     | sender    | basic.450.mail
mail  | 550 5.5.4 no                                  | -          | refuse  | fine     | message   | enhanced.5.5.4
mail  | 450 4.5.5 no                                  | -          | retry   | suspect  | manager   | enhanced.4.5.5
mail  | 550 5.5.5 no                                  | -          | retry   | suspect  | manager   | enhanced.5.5.5
mail  | 450 4.5.6 no                                  | -          | retry   | suspect  | account   | enhanced.4.5.6
mail  | 550 5.5.6 no                                  | -          | retry   | auth     | account   | enhanced.5.5.6
dot   | 450 4.6.0 no                                  | -          | retry   | fine     | message   | enhanced.4.6.0-6
dot   | 550 5.6.0 no                                  | -          | refuse  | fine     | message   | enhanced.5.6.0-6
dot   | 450 4.6.1 no                                  | -          | retry   | fine     | message   | enhanced.4.6.0-6
dot   | 550 5.6.1 no                                  | -          | refuse  | fine     | message   | enhanced.5.6.0-6
dot   | 450 4.6.2 no                                  | -          | retry   | fine     | message   | enhanced.4.6.0-6
dot   | 550 5.6.2 no                                  | -          | refuse  | fine     | message   | enhanced.5.6.0-6
dot   | 450 4.6.3 no                                  | -          | retry   | fine     | message   | enhanced.4.6.0-6
dot   | 550 5.6.3 no                                  | -          | refuse  | fine     | message   | enhanced.5.6.0-6
dot   | 450 4.6.4 no                                  | -          | retry   | fine     | message   | enhanced.4.6.0-6
dot   | 550 5.6.4 no                                  | -          | refuse  | fine     | message   | enhanced.5.6.0-6
dot   | 450 4.6.5 no                                  | -          | retry   | fine     | message   | enhanced.4.6.0-6
dot   | 550 5.6.5 no                                  | -          | refuse  | fine     | message   | enhanced.5.6.0-6
dot   | 450 4.6.6 no                                  | -          | retry   | fine     | message   | enhanced.4.6.0-6
dot   | 550 5.6.6 no                                  | -          | refuse  | fine     | message   | enhanced.5.6.0-6
rcpt  | 450 4.6.7 no                                  | -          | retry   | fine     | recipient | basic.450.rcpt
rcpt  | 550 5.6.7 no                                  | -          | refuse  | fine     | recipient | enhanced.5.6.7
dot   | 450 4.6.8 no                                  | -          | retry   | fine     | message   | basic.450.dot
dot   | 550 5.6.8 no                                  | -          | refuse  | fine     | message   | enhanced.5.6.8-10
dot   | 450 4.6.9 no                                  | -          | retry   | fine     | message   | basic.450.dot
dot   | 550 5.6.9 no                                  | -          | refuse  | fine     | message   | enhanced.5.6.8-10
dot   | 450 4.6.10 no                                 | -          | retry   | fine     | message   | basic.450.dot
dot   | 550 5.6.10 no                                 | -          | refuse  | fine     | message   | enhanced.5.6.8-10
mail  | 550 5.1.0 no                                  | -          | refuse  | fine     | sender    | enhanced.5.1.0
mail  | 550 5.1.8 bad outbound sender                 | -          | retry   | auth     | account   | enhanced.5.1.8.blocked
mail  | 550 5.3.2 no                                  | -          | retry   | suspect  | manager   | enhanced.5.3.2.mail
rcpt  | 450 4.2.1 no                                  | gmail      | retry   | fine     | recipient | enhanced.4.2.1.gmail
rcpt  | 450 4.2.1 no                                  | exchange   | retry   | fine     | recipient | enhanced.4.2.1
rcpt  | 450 4.2.1 peak limit of the relay             | gmail      | retry   | throttle | account   | enhanced.4.2.1.peak
rcpt  | 550 5.2.1 peak limit of the relay             | -          | retry   | throttle | account   | enhanced.5.2.1.peak
rcpt  | 450 4.2.1 mail at a rate that                 | gmail      | retry   | fine     | recipient | enhanced.4.2.1.rate
rcpt  | 550 5.2.1 mail at a rate that                 | gmail      | retry   | fine     | recipient | enhanced.5.2.1.rate
dot   | 452 4.2.2 submission quota                    | -          | retry   | throttle | account   | enhanced.4.2.2.quota
dot   | 552 5.2.2 submission quota exceeded           | -          | retry   | throttle | account   | enhanced.5.2.2.quota
dot   | 554 5.2.0 SubmissionQuotaExceededException    | none       | retry   | throttle | account   | enhanced.5.2.0.quota
dot   | 452 4.2.0 submission quota                    | -          | retry   | throttle | account   | enhanced.4.2.0.quota
mail  | 555 5.5.4 unsupported option SIZE             | -+parameters | retry  | fine     | message   | enhanced.5.5.4.drop
mail  | 555 5.5.4 unsupported option SIZE             | -          | refuse  | fine     | message   | enhanced.5.5.4
rcpt  | 555 5.5.4 unsupported option NOTIFY           | -+parameters | retry  | fine     | recipient | enhanced.5.5.4.drop
mail  | 455 4.5.4 not now with SIZE                   | -+parameters | retry  | fine     | message   | enhanced.4.5.4.drop
mail  | 501 5.5.4 bad parameter                       | -+parameters | refuse | fine     | message   | enhanced.5.5.4
dot   | 550 5.2.0 SendAsDenied                        | -          | refuse  | fine     | account   | enhanced.5.2.0.send-as
mail  | 432 4.3.2 slow                                | -          | retry   | throttle | account   | enhanced.4.3.2.threads
rcpt  | 452 4.5.3 no more                             | -+accepted | split   | fine     | recipient | enhanced.4.5.3.split
rcpt  | 452 4.5.3 no more                             | -+first    | split   | fine     | recipient | enhanced.4.5.3.split
rcpt  | 452 4.5.3 no more                             | -          | retry   | fine     | recipient | enhanced.4.5.3
rcpt  | 552 5.5.3 no more                             | -+first    | split   | fine     | recipient | enhanced.5.5.3.split
rcpt  | 552 5.5.3 no more                             | -          | refuse  | fine     | recipient | enhanced.5.5.3
rcpt  | 550 5.5.3 too many recipients for this sender | -+accepted | retry   | throttle | account   | enhanced.5.5.3.rate
mail  | 530 5.5.1 Authentication Required             | -          | retry   | auth     | account   | basic.530.mail
data  | 503 5.5.1 bad sequence                        | -          | retry   | fine     | message   | basic.503.data
rcpt  | 450 5.1.1 contradicts                         | -          | retry   | fine     | recipient | enhanced.4.1.1
rcpt  | 550 4.1.1 contradicts                         | -          | refuse  | fine     | recipient | enhanced.5.1.1
rcpt  | 550 4.7.1 contradicts                         | -          | refuse  | fine     | recipient | enhanced.5.7.1
dot   | 451 5.7.26 contradicts                        | -          | retry   | throttle | account   | enhanced.4.7.26-27
rcpt  | 550 2.1.5 contradicts                         | -          | refuse  | fine     | recipient | basic.550.rcpt
rcpt  | 421 4.2.1 closes                              | -          | retry   | suspect  | manager   | basic.421.rcpt
rcpt  | 421 4.7.28 closes                             | -          | retry   | throttle | account   | enhanced.4.7.28
`
