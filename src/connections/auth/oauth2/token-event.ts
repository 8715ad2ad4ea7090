/** What a token endpoint has answered; it holds no secret. */
export type TokenEvent =
  | {
      readonly event: 'token-renewed'
      readonly manager: string
      /** How it was got. */
      readonly grant: string
      readonly livesMs: number
      /** Which refresh token it was asked for with; absent where there is none. */
      readonly refreshToken?: 'configured' | 'kept'
    }
  | {
      readonly event: 'token-refused'
      readonly manager: string
      readonly grant: string
      readonly reason: string
    }
