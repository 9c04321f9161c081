/** Kinesis gives sequence numbers of up to 129 decimal digits, which take 54 bytes. */
export const MAX_SEQUENCE_BYTES = 54

/**
 * A stream's sequence number as an unsigned big-endian integer without leading zeros; 0 is no bytes at all.
 * @throws RangeError for a negative number and for one of more than MAX_SEQUENCE_BYTES
 */
export function sequenceToBytes(sequence: bigint): Uint8Array {
  if (sequence < 0n) throw new RangeError(`The sequence number ${sequence} is negative`)
  if (sequence === 0n) return new Uint8Array(0)
  const hex = sequence.toString(16)
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
  if (bytes.length > MAX_SEQUENCE_BYTES) throw new RangeError(`The sequence number ${sequence} is too large`)
  return bytes
}

/** The mirror of sequenceToBytes. */
export function sequenceFromBytes(bytes: Uint8Array): bigint {
  if (bytes.length === 0) return 0n
  return BigInt(`0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`)
}
