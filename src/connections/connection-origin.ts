/** Where a connection manager was defined, and what an environment changed in it; holds no values. */
export type ConnectionOrigin =
  | { readonly kind: 'code'; readonly override?: EnvironmentOverride }
  | { readonly kind: 'file'; readonly file: string; readonly override?: EnvironmentOverride }
  | {
      readonly kind: 'variable'
      readonly variable: string
      readonly override?: EnvironmentOverride
    }

/** What an environment of the configuration says about a connection manager. */
export interface EnvironmentOverride {
  readonly environment: string
  /** Such as `server` and `limits.sessions`. */
  readonly properties: readonly string[]
}
