import { inflateRawSync } from 'node:zlib'
import { CorruptDataError } from '../../model/errors.ts'

/**
 * Inflates a part of a chunk.
 * @param maxBytes what it may come to at most: nothing above is allocated
 * @throws CorruptDataError
 */
export function inflate(bytes: Uint8Array, maxBytes: number): Uint8Array {
  try {
    return inflateRawSync(bytes, { maxOutputLength: Math.max(1, maxBytes) })
  } catch (cause) {
    throw new CorruptDataError('chunk', cause instanceof Error ? cause.message : String(cause), bytes)
  }
}
