import { createPrivateKey } from 'node:crypto'

/** Whether `pem` is a private key that can be used without a password. */
export function isPrivateKey(pem: string): boolean {
  try {
    createPrivateKey(pem)
    return true
  } catch {
    return false
  }
}
