// The writing half of a binary range coder. What is written is one long fraction: each decision narrows the range
// [low, low + range) that it lies in to the part which the decision's probability gives it.

// A history is the probability of a zero in 1/65536ths, times 32, plus how many decisions it has seen, up to 31. It moves
// towards what it sees by 1 / (seen + 1.5), quickly at first; RATES has that in 1/16384ths.
export const FRESH = 32768 << 5
export const RATES = Int32Array.from({ length: 32 }, (_, seen) => Math.round(16384 / (seen + 1.5)))

// The range is kept between 2^23 and 2^31, so that decoding is 31-bit arithmetic. Bytes leave and enter at bits 24 to 31.
export const TOP = 2 ** 31 - 1
export const BOTTOM = 2 ** 23
const TWO_24 = 2 ** 24
const TWO_32 = 2 ** 32
/** Raw bits are coded at most so many at a time. */
export const RAW_BITS = 16

// Decisions on their way to the range coder: a history times 2 plus the decision, or RAW plus how many bits times 65536
// plus the bits.
export const RAW = 1 << 30

/** Bytes that one decision settles, at most. */
const MAX_BYTES = 4

/** The range coder's writing half: narrows [low, low + range) decision by decision and sends the bytes that are settled. */
export class RangeEncoder {
  readonly #histories: Int32Array
  #length = 0
  #low = 0
  #range = TOP

  /** @param histories that the decisions name */
  constructor(histories: Int32Array) {
    this.#histories = histories
  }

  /** Codes the first `count` decisions and lets their histories learn. */
  code(decisions: Int32Array, count: number): void {
    const bytes = room(this.#length, count * MAX_BYTES)
    const states = this.#histories
    let length = this.#length
    let low = this.#low
    let range = this.#range
    for (let i = 0; i < count; i++) {
      const decision = decisions[i]!
      if (decision >= RAW) {
        range >>>= (decision - RAW) >>> 16
        low += (decision & 0xffff) * range
      } else {
        const state = states[decision >> 1]!
        const chance = state >>> 5
        const seen = state & 31
        const next = seen < 31 ? seen + 1 : 31
        const bound = (range >>> 12) * (chance >>> 4)
        if ((decision & 1) === 0) {
          range = bound
          states[decision >> 1] = ((chance + (((65536 - chance) * RATES[seen]!) >> 14)) << 5) | next
        } else {
          low += bound
          range -= bound
          states[decision >> 1] = ((chance - ((chance * RATES[seen]!) >> 14)) << 5) | next
        }
      }
      while (range < BOTTOM) {
        if (low >= TWO_32) {
          low -= TWO_32
          carry(bytes, length)
        }
        const settled = Math.floor(low / TWO_24)
        bytes[length++] = settled
        low = (low - settled * TWO_24) * 256
        range <<= 8
      }
    }
    this.#length = length
    this.#low = low
    this.#range = range
  }

  /**
   * Ends the coding; only one encoder may be between its first decision and this at a time.
   * @returns all bytes; the last ones are the fewest that, followed by zeros, lie in the range: up to 4 are left out
   */
  finish(): Uint8Array {
    const bytes = room(this.#length, 4)
    const end = this.#low + this.#range
    let unit = TWO_32
    while (Math.ceil(this.#low / unit) * unit >= end) unit /= 256
    let rest = Math.ceil(this.#low / unit) * unit
    if (rest >= TWO_32) {
      rest -= TWO_32
      carry(bytes, this.#length)
    }
    for (let place = TWO_24; place >= unit; place /= 256) {
      bytes[this.#length++] = Math.floor(rest / place)
      rest %= place
    }
    return bytes.slice(0, this.#length)
  }
}

/** The output of the encoder at work, which is copied when it is whole. */
let output = new Uint8Array(2 ** 16)

function room(length: number, more: number): Uint8Array {
  if (length + more > output.length) {
    const bigger = new Uint8Array(output.length * 2 + more)
    bigger.set(output)
    output = bigger
  }
  return output
}

/** Adds one to the number that the first `length` bytes are. */
function carry(bytes: Uint8Array, length: number): void {
  let at = length - 1
  while (bytes[at] === 255) bytes[at--] = 0
  bytes[at]!++
}
