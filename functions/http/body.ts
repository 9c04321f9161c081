import { gunzipSync, inflateRawSync, inflateSync } from 'node:zlib'
import { LimitExceededError } from '../../lib/model/errors.ts'
import type { Limits } from '../../lib/model/limits.ts'
import { UnknownEncodingError, UnreadableBodyError } from './errors.ts'

/** The part of a gateway event that holds the body. */
export interface GatewayBody {
  readonly body?: string | undefined
  readonly isBase64Encoded: boolean
  readonly headers: Readonly<Record<string, string | undefined>>
}

/**
 * The text of a request's body.
 *
 * Every size is checked before the memory for it is taken: a gzip bomb costs at most limits.unpackedBytes.
 *
 * @throws LimitExceededError, UnreadableBodyError, UnknownEncodingError
 */
export function readBody(event: GatewayBody, limits: Limits): string {
  const body = event.body ?? ''
  if (body === '') return ''
  const sent = event.isBase64Encoded ? Buffer.byteLength(body, 'base64') : Buffer.byteLength(body, 'utf8')
  if (sent > limits.bodyBytes) throw new LimitExceededError('bodyBytes', limits.bodyBytes, sent, 'bytes of body')

  const encoding = encodingOf(event.headers)
  if (encoding === 'identity') {
    return event.isBase64Encoded ? Buffer.from(body, 'base64').toString('utf8') : body
  }
  const packed = event.isBase64Encoded ? Buffer.from(body, 'base64') : Buffer.from(body, 'utf8')
  return unpack(packed, encoding, limits).toString('utf8')
}

type Encoding = 'identity' | 'gzip' | 'deflate'

/** Collectors say gzip in either of two headers. */
function encodingOf(headers: Readonly<Record<string, string | undefined>>): Encoding {
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? ''
  if (encoding === 'gzip' || encoding === 'x-gzip') return 'gzip'
  if (encoding === 'deflate' || encoding === 'x-deflate') return 'deflate'
  if (encoding !== '' && encoding !== 'identity') throw new UnknownEncodingError(encoding)
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase()
  return type === 'application/gzip' || type === 'application/x-gzip' ? 'gzip' : 'identity'
}

function unpack(packed: Buffer, encoding: 'gzip' | 'deflate', limits: Limits): Buffer {
  const options = { maxOutputLength: limits.unpackedBytes }
  try {
    if (encoding === 'gzip') return gunzipSync(packed, options)
    // "deflate" is zlib by the standard and raw deflate from some clients; zlib's first byte has 8 in its low bits
    return ((packed[0] ?? 0) & 0x0f) === 8 ? inflateSync(packed, options) : inflateRawSync(packed, options)
  } catch (cause) {
    if (cause instanceof RangeError) {
      throw new LimitExceededError(
        'unpackedBytes',
        limits.unpackedBytes,
        `more than ${limits.unpackedBytes}`,
        'bytes of unpacked body',
      )
    }
    throw new UnreadableBodyError(encoding, cause)
  }
}
