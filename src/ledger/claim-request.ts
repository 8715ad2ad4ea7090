/** What a worker needs to say to claim a message; the rest creates a record that is absent. */
export interface ClaimRequest {
  readonly id: string
  readonly worker: string
  readonly connection: string
  readonly recipients: readonly string[]
  /**
   * The connection manager through which it is to be tried. While a recipient may have been reached
   * through another one, nobody gets the message but that. Without it anybody may claim.
   */
  readonly manager?: string
  /** That of the job, as it was recorded; without it whoever has the id may claim. */
  readonly digest?: string
}
