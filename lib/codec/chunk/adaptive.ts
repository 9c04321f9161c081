// Adaptive arithmetic coding of whole numbers. Each number is taken apart into yes-or-no decisions: its bit length in
// unary, its sign, its highest bits. Each decision is coded at the price that its own history suggests, by a binary range
// coder; the low bits, which are noise, are coded as they are. There are no tables to send and nothing to align, so sixty
// numbers already gain; thousands gain more than with deflate, which sees bytes where there are numbers.

import { BOTTOM, FRESH, RATES, RAW, RAW_BITS, RangeEncoder, TOP } from './range-encoder.ts'

// Which history foretells a number's bit length:

/** One for all numbers. */
export const CONTEXT_NONE = 0
/** By whether each of the two numbers before was zero. */
export const CONTEXT_ZEROS = 1
/** By the bit length of the number before. */
export const CONTEXT_LENGTH = 2

const TWO_32 = 2 ** 32

/** The greatest magnitude that can be coded. */
export const MAX_ADAPTIVE = 2 ** 53 - 1

/** Bytes that are left out at the end and read as zeros, at most. */
export const MAX_MISSING_BYTES = 4

/** Bit lengths are 0 to 53. */
const MAX_LENGTH = 53
/** Bits that a bit length less 1 takes, at least and at most. */
export const MIN_LENGTH_BITS = 3
const MAX_LENGTH_BITS = 6
/** Bit lengths from this on are one context. */
const MAX_CONTEXT = 12
/** Bits below the highest that have histories, for each bit length. */
const MODELLED_BITS = 3

// The table of histories: signs, then the highest bits of each bit length, then for each context whether the bit length
// is 0 and a tree of the bits of the length less 1.
const SIGNS = 0
const HIGH_BITS = SIGNS + 3
const LENGTHS = HIGH_BITS + (MAX_LENGTH + 1) * 2 ** MODELLED_BITS
const LENGTH_TREE = 1

/** The tables that the contexts take. */
const CONTEXT_TABLES = [1, 4, MAX_CONTEXT + 1]

const histories = new Int32Array(LENGTHS + CONTEXT_TABLES[CONTEXT_LENGTH]! * (LENGTH_TREE + 2 ** MAX_LENGTH_BITS))
// Decisions are made and coded in batches.
const BATCH = 4096
/** A number takes fewer. */
const MAX_DECISIONS = 64
const decisions = new Int32Array(BATCH + MAX_DECISIONS)

/** Powers of two up to that of the greatest bit length. */
const POWERS = Float64Array.from({ length: MAX_LENGTH + 1 }, (_, power) => 2 ** power)

/**
 * How many decisions tell a bit length.
 * @returns MIN_LENGTH_BITS to MIN_LENGTH_BITS + 3
 */
export function lengthBitsOf(numbers: Float64Array): number {
  let greatest = 1
  for (let i = 0; i < numbers.length; i++) {
    const number = numbers[i]!
    if (number > greatest) greatest = number
    else if (-number > greatest) greatest = -number
  }
  let bits = MIN_LENGTH_BITS
  while (bitLength(greatest) > 2 ** bits) bits++
  return bits
}

/**
 * Codes numbers.
 * @param numbers whole, of a magnitude up to MAX_ADAPTIVE
 * @param context CONTEXT_NONE, CONTEXT_ZEROS or CONTEXT_LENGTH
 * @param lengthBits at least lengthBitsOf(numbers)
 * @returns bytes that decoding must be given alone: their count tells where they end
 */
export function encodeAdaptive(numbers: Float64Array, context: number, lengthBits: number): Uint8Array {
  const stride = forget(context, lengthBits)
  const encoder = new RangeEncoder(histories)
  let before = 0
  let zeros = 0
  let sign = 0
  let at = 0
  for (let i = 0; i < numbers.length; i++) {
    if (at >= BATCH) {
      encoder.code(decisions, at)
      at = 0
    }
    const number = numbers[i]!
    const magnitude = number < 0 ? -number : number
    const length = bitLength(magnitude)
    const table = LENGTHS + (context === CONTEXT_NONE ? 0 : context === CONTEXT_ZEROS ? zeros : before) * stride
    before = length < MAX_CONTEXT ? length : MAX_CONTEXT
    zeros = ((zeros << 1) & 2) | (length === 0 ? 0 : 1)
    if (length === 0) {
      decisions[at++] = table << 1
      continue
    }
    decisions[at++] = (table << 1) | 1
    for (let j = lengthBits - 1, node = 1; j >= 0; j--) {
      const bit = ((length - 1) >> j) & 1
      decisions[at++] = ((table + LENGTH_TREE + node) << 1) | bit
      node = (node << 1) | bit
    }

    const negative = number < 0 ? 1 : 0
    decisions[at++] = ((SIGNS + sign) << 1) | negative
    sign = negative + 1
    let left = length - 1
    let rest = magnitude - POWERS[left]!
    for (let j = MODELLED_BITS, node = 1; j > 0 && left > 0; j--) {
      const place = POWERS[--left]!
      const bit = rest >= place ? 1 : 0
      rest -= bit * place
      decisions[at++] = ((HIGH_BITS + (length << MODELLED_BITS) + node) << 1) | bit
      node = node * 2 + bit
    }
    while (left > 0) {
      const count = left < RAW_BITS ? left : RAW_BITS
      left -= count
      const place = POWERS[left]!
      const bits = Math.floor(rest / place)
      rest -= bits * place
      decisions[at++] = RAW + (count << 16) + bits
    }
  }
  encoder.code(decisions, at)
  return encoder.finish()
}

/**
 * Makes all histories that a context uses fresh.
 * @returns how many of them each context has
 */
function forget(context: number, lengthBits: number): number {
  const stride = LENGTH_TREE + 2 ** lengthBits
  histories.fill(FRESH, 0, LENGTHS + CONTEXT_TABLES[context]! * stride)
  return stride
}

/**
 * The mirror of encodeAdaptive. Any bytes decode to something.
 * @param numbers gets as many numbers as it is long
 * @returns how many bytes were missing at the end and were taken as zeros; above MAX_MISSING_BYTES they are damaged
 */
export function decodeAdaptive(bytes: Uint8Array, context: number, lengthBits: number, numbers: Float64Array): number {
  const stride = forget(context, lengthBits)
  const states = histories
  const rates = RATES
  const leaves = 1 << lengthBits
  const end = bytes.length
  let at = 0
  let range = TOP
  let code = 0
  for (; at < 4; at++) code = (code << 8) | (at < end ? bytes[at]! : 0)
  code &= TOP
  let before = 0
  let zeros = 0
  let sign = 0
  // A decision is written out three times below: this loop takes all the time there is, and a call in it would double that.
  for (let i = 0; i < numbers.length; i++) {
    const table = LENGTHS + (context === CONTEXT_NONE ? 0 : context === CONTEXT_ZEROS ? zeros : before) * stride
    {
      const state = states[table]!
      const chance = state >>> 5
      const seen = state & 31
      const rate = rates[seen]!
      const next = seen < 31 ? seen + 1 : 31
      const bound = (range >>> 12) * (chance >>> 4)
      const zero = code < bound
      if (zero) {
        range = bound
        states[table] = ((chance + (((65536 - chance) * rate) >> 14)) << 5) | next
      } else {
        code -= bound
        range -= bound
        states[table] = ((chance - ((chance * rate) >> 14)) << 5) | next
      }
      while (range < BOTTOM) {
        range <<= 8
        code = (code << 8) | (at < end ? bytes[at]! : 0)
        at++
      }
      if (zero) {
        before = 0
        zeros = (zeros << 1) & 2
        numbers[i] = 0
        continue
      }
    }
    let length = 1
    for (let j = lengthBits; j > 0; j--) {
      const history = table + LENGTH_TREE + length
      const state = states[history]!
      const chance = state >>> 5
      const seen = state & 31
      const rate = rates[seen]!
      const next = seen < 31 ? seen + 1 : 31
      const bound = (range >>> 12) * (chance >>> 4)
      if (code < bound) {
        range = bound
        states[history] = ((chance + (((65536 - chance) * rate) >> 14)) << 5) | next
        length <<= 1
      } else {
        code -= bound
        range -= bound
        states[history] = ((chance - ((chance * rate) >> 14)) << 5) | next
        length = (length << 1) | 1
      }
      while (range < BOTTOM) {
        range <<= 8
        code = (code << 8) | (at < end ? bytes[at]! : 0)
        at++
      }
    }
    length -= leaves - 1
    // Only damaged bytes get there.
    if (length > MAX_LENGTH) length = MAX_LENGTH
    before = length < MAX_CONTEXT ? length : MAX_CONTEXT
    zeros = ((zeros << 1) & 2) | 1

    let negative = 0
    {
      const state = states[SIGNS + sign]!
      const chance = state >>> 5
      const seen = state & 31
      const rate = rates[seen]!
      const next = seen < 31 ? seen + 1 : 31
      const bound = (range >>> 12) * (chance >>> 4)
      if (code < bound) {
        range = bound
        states[SIGNS + sign] = ((chance + (((65536 - chance) * rate) >> 14)) << 5) | next
      } else {
        negative = 1
        code -= bound
        range -= bound
        states[SIGNS + sign] = ((chance - ((chance * rate) >> 14)) << 5) | next
      }
      while (range < BOTTOM) {
        range <<= 8
        code = (code << 8) | (at < end ? bytes[at]! : 0)
        at++
      }
    }
    sign = negative + 1

    let left = length - 1
    let node = 1
    const tree = HIGH_BITS + (length << MODELLED_BITS)
    for (let j = MODELLED_BITS; j > 0 && left > 0; j--) {
      left--
      const state = states[tree + node]!
      const chance = state >>> 5
      const seen = state & 31
      const rate = rates[seen]!
      const next = seen < 31 ? seen + 1 : 31
      const bound = (range >>> 12) * (chance >>> 4)
      if (code < bound) {
        range = bound
        states[tree + node] = ((chance + (((65536 - chance) * rate) >> 14)) << 5) | next
        node <<= 1
      } else {
        code -= bound
        range -= bound
        states[tree + node] = ((chance - ((chance * rate) >> 14)) << 5) | next
        node = (node << 1) | 1
      }
      while (range < BOTTOM) {
        range <<= 8
        code = (code << 8) | (at < end ? bytes[at]! : 0)
        at++
      }
    }
    let magnitude = node
    while (left > 0) {
      const count = left < RAW_BITS ? left : RAW_BITS
      left -= count
      range >>>= count
      let bits = (code / range) | 0
      // Only damaged bytes get past the last value, or have the sign bit set by then.
      if (bits >>> 0 >= 1 << count) bits = (1 << count) - 1
      code -= bits * range
      magnitude = magnitude * (1 << count) + bits
      while (range < BOTTOM) {
        range <<= 8
        code = (code << 8) | (at < end ? bytes[at]! : 0)
        at++
      }
    }
    numbers[i] = negative === 1 ? -magnitude : magnitude
  }
  return at > end ? at - end : 0
}

/** How many bits a whole number takes; 0 for 0. */
export function bitLength(magnitude: number): number {
  return magnitude < TWO_32 ? 32 - Math.clz32(magnitude) : 64 - Math.clz32(Math.floor(magnitude / TWO_32))
}
