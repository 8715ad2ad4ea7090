/** The part of the package "kerberos" that is used; it is an optional peer. */
export interface KerberosLibrary {
  readonly GSS_C_MUTUAL_FLAG: number
  readonly GSS_C_INTEG_FLAG: number
  readonly GSS_C_SEQUENCE_FLAG: number
  readonly GSS_MECH_OID_KRB5: number
  readonly GSS_MECH_OID_SPNEGO: number
  readonly initializeClient: (
    /** `service@host`. */
    service: string,
    options: {
      readonly mechOID: number
      readonly gssFlag: number
      readonly principal?: string
    },
  ) => Promise<KerberosContext>
}

/** One security context of GSSAPI (RFC 2743 §1.1.3); tokens are base64. */
export interface KerberosContext {
  readonly contextComplete: boolean
  readonly step: (token: string) => Promise<string>
  readonly wrap: (message: string, options: { readonly protect: boolean }) => Promise<string>
  readonly unwrap: (message: string) => Promise<string>
}

/** The library, or nothing when it is not installed or was not built for this machine. */
export async function loadKerberos(): Promise<KerberosLibrary | undefined> {
  try {
    const { default: library } = await import('kerberos')
    return library
  } catch {
    return undefined
  }
}
