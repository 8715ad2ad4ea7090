/** Texts that a provider is known for, at its servers, at those of others, and where it is unknown. */
export const providerTable = `
stage | reply                                                    | server     | message | manager  | scope     | rule
dot   | 421 4.7.28 detected an unusual rate of mail              | gmail      | retry   | throttle | account   | provider.gmail.unusual-rate
dot   | 421 4.7.0 unusual rate of unsolicited mail               | gmail      | retry   | throttle | account   | provider.gmail.unusual-rate
dot   | 421 4.7.28 unusual rate, same Message-ID                 | gmail      | retry   | fine     | message   | provider.gmail.same-message-id
dot   | 550 5.4.5 Daily user sending limit exceeded              | gmail      | retry   | throttle | account   | provider.gmail.daily-limit
mail  | 550 5.7.1 Daily SMTP relay limit exceeded                | gmail      | retry   | throttle | account   | provider.gmail.daily-limit
auth  | 454 4.7.0 Too many login attempts                        | gmail      | return  | throttle | account   | provider.gmail.logins
auth  | 454 4.7.0 Cannot authenticate due to a temporary problem | gmail      | return  | throttle | account   | provider.gmail.logins
dot   | 550 5.7.1 has no Message-ID                              | gmail      | refuse  | fine     | message   | provider.gmail.malformed
dot   | 550 5.7.1 not RFC 5322 compliant                         | gmail      | refuse  | fine     | message   | provider.gmail.malformed
dot   | 550 5.7.1 missing a valid From header                    | gmail      | refuse  | fine     | message   | provider.gmail.malformed
mail  | 421 4.7.0 [TSS04] deferred                               | yahoo      | retry   | throttle | account   | provider.yahoo.deferred
mail  | 421 4.7.0 [TS02] deferred                                | yahoo      | retry   | throttle | account   | provider.yahoo.deferred
mail  | 421 4.7.1 [TS03] permanently deferred                    | yahoo      | retry   | throttle | account   | provider.yahoo.deferred
mail  | 421 4.7.0 [TSS05] deferred                               | yahoo      | retry   | throttle | account   | provider.yahoo.deferred
mail  | 421 4.7.0 [IPTS04] deferred                              | yahoo      | retry   | throttle | account   | provider.yahoo.deferred
mail  | 553 5.7.2 [TSS09] no                                     | yahoo      | refuse  | fine     | message   | provider.yahoo.never
rcpt  | 553 5.7.2 [TSS11] no                                     | yahoo      | refuse  | fine     | recipient | provider.yahoo.never
mail  | 553 5.7.1 permanently deferred                           | yahoo      | refuse  | fine     | message   | provider.yahoo.never
mail  | 421 Max message per connection reached                   | yahoo      | retry   | suspect  | manager   | provider.yahoo.worn
mail  | 432 4.3.2 sender thread limit exceeded                   | exchange   | retry   | throttle | account   | provider.exchange.threads
rcpt  | 451 4.7.500 Server busy                                  | exchange   | retry   | throttle | account   | provider.exchange.busy
mail  | 451 4.7.0 IB007                                          | exchange   | retry   | throttle | account   | provider.exchange.busy
mail  | 421 RP-001 no                                            | exchange   | retry   | throttle | account   | provider.exchange.busy
mail  | 421 (DYN:T1)                                             | exchange   | retry   | throttle | account   | provider.exchange.busy
mail  | 421 (RLY:B2)                                             | exchange   | retry   | throttle | account   | provider.exchange.busy
dot   | 554 5.2.0 SubmissionQuotaExceededException               | exchange   | retry   | throttle | account   | provider.exchange.quota
dot   | 550 5.7.30 Basic authentication is off                   | exchange   | retry   | auth     | account   | provider.exchange.basic-auth
auth  | 550 5.7.30 Basic authentication is off                   | exchange   | return  | auth     | account   | provider.exchange.basic-auth
auth  | 535 5.7.139 Authentication unsuccessful                  | exchange   | return  | auth     | account   | stage.auth.5yz
rcpt  | 450 4.7.650 rate limited                                 | exchange   | retry   | throttle | account   | enhanced.4.7.500-699
dot   | 454 Throttling failure: Maximum sending rate exceeded    | ses        | retry   | throttle | account   | provider.ses.rate
dot   | 454 Throttling failure: Daily message quota exceeded     | ses        | retry   | throttle | account   | provider.ses.daily-quota
dot   | 554 User is not authorized to perform ses:SendRawEmail   | ses        | retry   | auth     | account   | provider.ses.not-allowed
dot   | 554 Message rejected: Email address is not verified      | ses        | retry   | suspect  | account   | provider.ses.not-verified
mail  | 421 [HCM1] no                                            | apple      | retry   | throttle | account   | provider.apple.volume
rcpt  | 450 4.7.1 excessive volume                               | apple      | retry   | throttle | account   | provider.apple.volume
dot   | 451 [BS02] no                                            | apple      | retry   | throttle | account   | provider.apple.volume
rcpt  | 451 4.7.1 Greylisted                                     | none       | retry   | fine     | recipient | provider.any.greylist
rcpt  | 450 try again later                                      | none       | retry   | fine     | recipient | provider.any.later
dot   | 451 4.3.0 try again                                      | none       | retry   | fine     | message   | provider.any.later
rcpt  | 550 blocked using zen.example.org                        | none       | refuse  | suspect  | manager   | provider.any.listed
rcpt  | 450 4.7.1 listed at bl.example.org                       | none       | retry   | suspect  | manager   | provider.any.listed
rcpt  | 550 5.5.3 too many recipients                            | none+first | split   | fine     | recipient | provider.any.recipients
mail  | 421 4.7.0 [TSS04] deferred                               | gmail      | retry   | throttle | account   | enhanced.4.7.0
mail  | 421 4.7.0 [TSS04] deferred                               | none       | retry   | throttle | account   | enhanced.4.7.0
rcpt  | 550 5.7.1 [TSS09] no                                     | ses        | refuse  | fine     | recipient | enhanced.5.7.1
mail  | 421 4.7.0 [TSS04] deferred                               | -          | retry   | throttle | account   | provider.yahoo.deferred
`
