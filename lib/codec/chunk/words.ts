import { deflateRawSync } from 'node:zlib'
import { CorruptDataError } from '../../model/errors.ts'
import { DEFLATE_LEVEL } from './deflated.ts'
import { inflate } from './inflate.ts'

// 64-bit words of any meaning, two 32-bit halves each, the low one first: what doubles are in memory. They are kept where
// values are no whole numbers at any decimal scale, or lie too far apart.

/** 8 bytes a word, little-endian, as they are. */
export const RAW = 4
/** Each word XOR the one before, in byte planes, deflated: doubles near each other share their highest bits. */
export const XOR = 5
/** Each word less the one before, zigzag, in byte planes, deflated: for integers of many digits. */
export const DIFFERENCE = 6

/** 64-bit words as bytes. */
export interface CodedWords {
  /** RAW, XOR or DIFFERENCE. */
  readonly codec: number
  readonly bytes: Uint8Array
}

/**
 * Codes words by whatever takes the fewest bytes.
 * @param words halves of the words, the low one first
 */
export function encodeWords(words: Uint32Array): CodedWords {
  let best: CodedWords = { codec: RAW, bytes: new Uint8Array(words.buffer, words.byteOffset, words.byteLength) }
  for (const codec of [XOR, DIFFERENCE]) {
    const planes = toPlanes(codec === XOR ? toXors(words) : toDifferences(words))
    const bytes = deflateRawSync(planes, { level: DEFLATE_LEVEL, memLevel: 9 })
    if (bytes.length < best.bytes.length) best = { codec, bytes }
  }
  return best
}

/**
 * The mirror of encodeWords.
 * @param words gets as many halves as it is long
 * @throws CorruptDataError where the bytes do not come to exactly so many
 */
export function decodeWords(codec: number, bytes: Uint8Array, words: Uint32Array): void {
  const plain = codec === RAW ? bytes : inflate(bytes, words.byteLength)
  if (plain.length !== words.byteLength) {
    throw new CorruptDataError('chunk', `${plain.length} bytes for ${words.length / 2} words`, bytes)
  }
  if (codec === RAW) {
    new Uint8Array(words.buffer, words.byteOffset, words.byteLength).set(plain)
    return
  }
  fromPlanes(plain, words)
  if (codec === XOR) fromXors(words)
  else fromDifferences(words)
}

function toXors(words: Uint32Array): Uint32Array {
  const xors = words.slice()
  for (let i = 2; i < words.length; i++) xors[i] = words[i]! ^ words[i - 2]!
  return xors
}

function fromXors(words: Uint32Array): void {
  for (let i = 2; i < words.length; i++) words[i]! ^= words[i - 2]!
}

/** Differences modulo 2^64 in zigzag form: doubled, and all bits turned over where the top one is set. */
function toDifferences(words: Uint32Array): Uint32Array {
  const differences = new Uint32Array(words.length)
  let [lowBefore, highBefore] = [0, 0]
  for (let i = 0; i < words.length; i += 2) {
    const low = words[i]! - lowBefore
    const high = words[i + 1]! - highBefore - (low < 0 ? 1 : 0)
    const sign = (high | 0) >> 31
    differences[i] = (low << 1) ^ sign
    differences[i + 1] = ((high << 1) | ((low | 0) >>> 31)) ^ sign
    lowBefore = words[i]!
    highBefore = words[i + 1]!
  }
  return differences
}

function fromDifferences(words: Uint32Array): void {
  let [lowBefore, highBefore] = [0, 0]
  for (let i = 0; i < words.length; i += 2) {
    const sign = -(words[i]! & 1)
    const low = ((((words[i]! >>> 1) | (words[i + 1]! << 31)) ^ sign) >>> 0) + lowBefore
    const high = ((words[i + 1]! >>> 1) ^ sign) + highBefore + (low >= 2 ** 32 ? 1 : 0)
    words[i] = low
    words[i + 1] = high
    lowBefore = words[i]!
    highBefore = words[i + 1]!
  }
}

/** The lowest byte of every word, then the next byte of every word, and so on: like lies beside like. */
function toPlanes(words: Uint32Array): Uint8Array {
  const count = words.length / 2
  const bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength)
  const planes = new Uint8Array(bytes.length)
  for (let plane = 0, at = 0; plane < 8; plane++) {
    for (let i = 0, byte = plane; i < count; i++, byte += 8) planes[at++] = bytes[byte]!
  }
  return planes
}

function fromPlanes(planes: Uint8Array, words: Uint32Array): void {
  const count = words.length / 2
  const bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength)
  for (let plane = 0, at = 0; plane < 8; plane++) {
    for (let i = 0, byte = plane; i < count; i++, byte += 8) bytes[byte] = planes[at++]!
  }
}
