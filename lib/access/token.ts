import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

const ID_BYTES = 8
const SECRET_BYTES = 32

/** What a token's text holds. */
export interface TokenParts {
  /** Names the token; no secret. 16 lower-case hex digits. */
  readonly id: string
  /** 32 random bytes. */
  readonly secret: Uint8Array
}

/** A new token's parts, from the system's source of randomness. */
export function newToken(): TokenParts {
  return { id: randomBytes(ID_BYTES).toString('hex'), secret: randomBytes(SECRET_BYTES) }
}

/** A token as people hold it: `tsdb_<id>_<secret in base64url>`, 65 characters. The beginning lets scanners for leaked secrets know it. */
export function formatToken({ id, secret }: TokenParts): string {
  return `tsdb_${id}_${Buffer.from(secret).toString('base64url')}`
}

/** The mirror of formatToken. @returns undefined where the text is no token */
export function parseToken(text: string): TokenParts | undefined {
  const [, id, encoded] = /^tsdb_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/.exec(text) ?? []
  if (id === undefined || encoded === undefined) return undefined
  const secret = Buffer.from(encoded, 'base64url')
  return secret.length === SECRET_BYTES ? { id, secret } : undefined
}

/**
 * What is stored of a secret. A plain hash is enough: 256 random bits can't be guessed, whatever a guess costs.
 * @returns SHA-256, 32 bytes
 */
export function hashSecret(secret: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(secret).digest())
}

/** Whether a secret is the one that was hashed, in a time that says nothing of where they differ. */
export function isSecret(secret: Uint8Array, hash: Uint8Array): boolean {
  const own = hashSecret(secret)
  return own.length === hash.length && timingSafeEqual(own, hash)
}

/**
 * Finds the token in an Authorization header: `Bearer TOKEN`, or `Basic` with the token as the password of any user.
 * @returns undefined where there is none
 */
export function tokenInHeader(authorization: string | undefined): string | undefined {
  const [, scheme, value] = /^\s*(Bearer|Basic)\s+(\S+)\s*$/i.exec(authorization ?? '') ?? []
  if (scheme === undefined || value === undefined) return undefined
  if (scheme.toLowerCase() === 'bearer') return value
  // RFC 7617: the user's name has no colon
  const credentials = Buffer.from(value, 'base64').toString('utf8')
  const colon = credentials.indexOf(':')
  return colon < 0 ? undefined : credentials.slice(colon + 1)
}
