import * as z from 'zod'

import { PROVIDER_NAMES, parseProvider } from '../smtp/provider.ts'

/** A provider as configurations name it. */
export const providerSchema = z
  .enum(PROVIDER_NAMES)
  .transform((name) => parseProvider(name) ?? 'none')
