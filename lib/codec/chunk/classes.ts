// Whole numbers in classes: a short code says how many bits a number has, and those follow as they are. The codes are settled
// for the whole chunk before the first number, so that reading is one look into a table a number: several times as fast as
// codes that learn from number to number, and for an hour of points about as short. docs/format/chunk.md draws it.

/** A code for each class, from a table at the start. */
export const TABLE = 0
/** Elias' gamma code of all but the lowest bits: without a table, so it is what few numbers have. */
export const GAMMA = 1

/** Numbers are coded as zigzag: these are the bits of their bit length, 0 to 53, which is the class. */
const CLASSES = 54
const CLASS_BITS = 6
/** Codes take 1 to 7 bits; 0 in the table stands for a class that is not there. */
const MAX_CODE_BITS = 7
const CODE_LENGTH_BITS = 3
/** Zeros before a gamma code's highest bit, at most: what one look at the bits can count. */
const MAX_ZEROS = 24
/** Bits that one look at the bits is sure to see. */
const WINDOW = 25

/** Residuals as bytes. */
export interface CodedResiduals {
  /** What the model says of how they are coded. */
  readonly form: number
  /** Must be given to decoding alone: their count tells where they end. */
  readonly bytes: Uint8Array
}

/** What a chunk's classes come to, before anything is written. */
interface Plan {
  readonly form: number
  readonly bits: number
  /** Of GAMMA: how many lowest bits follow as they are. */
  readonly low: number
  /** Of TABLE: bits of each class' code. */
  readonly lengths: Uint8Array
}

const histogram = new Uint32Array(CLASSES)
const POWERS = Float64Array.from({ length: CLASSES + 1 }, (_, power) => 2 ** power)
const TWO_32 = 2 ** 32
const TWO_31 = 2 ** 31

/**
 * Codes numbers by a table of classes or by gamma codes, whichever is shorter.
 * @param numbers whole, of a magnitude up to 2^52 - 1, at least one
 * @returns TABLE or GAMMA and the bytes
 */
export function encodeClasses(numbers: Float64Array): CodedResiduals {
  const plan = planClasses(numbers)
  const writer = new BitWriter(plan.bits)
  if (plan.form === GAMMA) {
    writer.put(plan.low, CLASS_BITS)
    const unit = POWERS[plan.low]!
    for (let i = 0; i < numbers.length; i++) {
      const shifted = zigzag(numbers[i]!) + unit
      const length = bitsOf(shifted)
      writer.put(0, length - 1 - plan.low)
      writer.put(shifted, length)
    }
  } else {
    const codes = writeTable(writer, plan.lengths)
    for (let i = 0; i < numbers.length; i++) {
      const number = zigzag(numbers[i]!)
      const length = bitsOf(number)
      writer.put(codes[length]!, plan.lengths[length]!)
      if (length > 1) writer.put(number - POWERS[length - 1]!, length - 1)
    }
  }
  return { form: plan.form, bytes: writer.finish() }
}

/** Bytes of the chunk being read, followed by zeros, so that no look at the bits goes beyond them. */
let padded = new Uint8Array(2 ** 16)
const PADDING = 32
/** Fewer bytes are copied by a loop in less time than it takes to call what copies many. */
const MAX_LOOP_BYTES = 64
/** For each bits that a code may begin with: its class times 8 plus its length. */
const lookup = new Uint16Array(2 ** MAX_CODE_BITS)

/**
 * The mirror of encodeClasses.
 * @param numbers gets numbers from index 1 on, where residuals lie
 * @returns whether the bytes were exactly those of so many numbers
 */
export function decodeClasses(bytes: Uint8Array, form: number, numbers: Float64Array): boolean {
  if (padded.length < bytes.length + PADDING) padded = new Uint8Array(bytes.length * 2 + PADDING)
  if (bytes.length > MAX_LOOP_BYTES) padded.set(bytes)
  else for (let i = 0; i < bytes.length; i++) padded[i] = bytes[i]!
  for (let i = bytes.length, to = i + PADDING; i < to; i++) padded[i] = 0
  const end = bytes.length * 8
  let at = CLASS_BITS
  if (form === GAMMA) at = readGamma(padded[0]! >> 2, end, numbers)
  else {
    at = readTable(end)
    if (at > 0) at = readByTable(at, end, numbers)
  }
  return at > 0 && at <= end && end - at < 8
}

/** @returns the bit behind the last number; 0 for what is no code */
function readGamma(low: number, end: number, numbers: Float64Array): number {
  const bits = padded
  const unit = POWERS[low] ?? 0
  if (unit === 0) return 0
  let at = CLASS_BITS
  for (let i = 1; i < numbers.length; i++) {
    const byte = at >>> 3
    const window =
      ((bits[byte]! << 24) | (bits[byte + 1]! << 16) | (bits[byte + 2]! << 8) | bits[byte + 3]!) << (at & 7)
    const zeros = Math.clz32(window)
    const length = zeros + 1 + low
    if (zeros + length <= WINDOW) {
      const number = ((window << zeros) >>> (32 - length)) - unit
      numbers[i] = (number >>> 1) ^ -(number & 1)
    } else {
      if (zeros > MAX_ZEROS || length > CLASSES || at > end) return 0
      numbers[i] = fromZigzag(longBits(at + zeros, length) - unit)
    }
    at += zeros + length
    // Behind the end there are no bytes to look at.
    if (at > end) return 0
  }
  return at
}

/** Fills `lookup`. @returns the bit behind the table; 0 for what is none */
function readTable(end: number): number {
  const first = longBits(0, CLASS_BITS)
  const count = longBits(CLASS_BITS, CLASS_BITS) + 1
  let at = 2 * CLASS_BITS
  if (first + count > CLASSES || at > end) return 0
  if (count === 1) {
    lookup.fill(first << CODE_LENGTH_BITS)
    return at
  }
  const lengths = new Uint8Array(CLASSES)
  for (let i = 0; i < count; i++, at += CODE_LENGTH_BITS) lengths[first + i] = longBits(at, CODE_LENGTH_BITS)
  let next = 0
  for (let length = 1; length <= MAX_CODE_BITS; length++) {
    const span = 1 << (MAX_CODE_BITS - length)
    for (let i = first; i < first + count; i++) {
      if (lengths[i] !== length) continue
      if (next + span > lookup.length) return 0
      lookup.fill((i << CODE_LENGTH_BITS) | length, next, next + span)
      next += span
    }
  }
  return next === lookup.length ? at : 0
}

/** @returns the bit behind the last number; 0 where bytes are missing */
function readByTable(from: number, end: number, numbers: Float64Array): number {
  const bits = padded
  const codes = lookup
  let at = from
  for (let i = 1; i < numbers.length; i++) {
    const byte = at >>> 3
    const window =
      ((bits[byte]! << 24) | (bits[byte + 1]! << 16) | (bits[byte + 2]! << 8) | bits[byte + 3]!) << (at & 7)
    const code = codes[window >>> (32 - MAX_CODE_BITS)]!
    const length = code & MAX_CODE_BITS
    const size = code >> CODE_LENGTH_BITS
    if (size < 2) {
      numbers[i] = 0 - size
      at += length
    } else if (length + size <= WINDOW) {
      const number = (1 << (size - 1)) | (((window << length) >>> 1) >>> (32 - size))
      numbers[i] = (number >>> 1) ^ -(number & 1)
      at += length + size - 1
    } else {
      numbers[i] = fromZigzag(longBits(at + length, size - 1) + POWERS[size - 1]!)
      at += length + size - 1
    }
    if (at > end) return 0
  }
  return at
}

/** So many bits from `at` on, up to 54, the highest first. */
function longBits(at: number, count: number): number {
  let value = 0
  for (let left = count, bit = at; left > 0; ) {
    const own = Math.min(left, 8 - (bit & 7))
    const byte = (padded[bit >>> 3]! >> (8 - (bit & 7) - own)) & ((1 << own) - 1)
    value = value * (1 << own) + byte
    bit += own
    left -= own
  }
  return value
}

function planClasses(numbers: Float64Array): Plan {
  histogram.fill(0)
  for (let i = 0; i < numbers.length; i++) histogram[bitsOf(zigzag(numbers[i]!))]!++
  const low = bestLow()
  const lengths = codeLengths(histogram)
  const [first, last] = classesOf(histogram)
  let tableBits = 2 * CLASS_BITS
  if (last > first) tableBits += (last - first + 1) * CODE_LENGTH_BITS
  for (let i = first; i <= last; i++) tableBits += histogram[i]! * (lengths[i]! + Math.max(0, i - 1))
  const table = { form: TABLE, bits: tableBits, low: 0, lengths }
  if (low === undefined) return table
  const gammaBits = gammaBitsOf(numbers, low)
  return gammaBits <= tableBits ? { form: GAMMA, bits: gammaBits, low, lengths } : table
}

function gammaBitsOf(numbers: Float64Array, low: number): number {
  const unit = POWERS[low]!
  let bits = CLASS_BITS
  for (let i = 0; i < numbers.length; i++) bits += 2 * bitsOf(zigzag(numbers[i]!) + unit) - 1 - low
  return bits
}

/** How many lowest bits gamma codes had best leave as they are, by the classes alone; undefined where that does not do. */
function bestLow(): number | undefined {
  let greatest = CLASSES - 1
  while (greatest > 0 && histogram[greatest] === 0) greatest--
  // What is added must not need more than a double's 53 bits.
  if (greatest >= CLASSES - 2) return undefined
  let best = 0
  let least = Number.POSITIVE_INFINITY
  for (let low = Math.max(0, greatest + 1 - MAX_ZEROS); low <= greatest; low++) {
    let bits = 0
    for (let i = 0; i <= greatest; i++) bits += histogram[i]! * (i <= low ? low + 1 : 2 * i - low - 0.6)
    if (bits < least) {
      least = bits
      best = low
    }
  }
  return best
}

// Huffman's trees are made of nodes: the classes, then what joins two.
const weights = new Float64Array(2 * CLASSES)
const parents = new Uint8Array(2 * CLASSES)
const depths = new Uint8Array(2 * CLASSES)

/**
 * Lengths of a prefix code: Huffman's, and where that is longer than MAX_CODE_BITS, one that leaves no code unused and is
 * nearly as short.
 * @param counts how often each class comes, at least one of them
 * @returns bits of each class' code, 0 where it does not come or is alone
 */
function codeLengths(counts: Uint32Array): Uint8Array {
  const lengths = new Uint8Array(CLASSES)
  const open: number[] = []
  for (let i = 0; i < CLASSES; i++) {
    if (counts[i] === 0) continue
    weights[i] = counts[i]!
    open.push(i)
  }
  const used = open.slice()
  // A class that is alone needs no code.
  if (used.length === 1) return lengths
  let node = CLASSES
  for (; open.length > 1; node++) {
    const a = takeLightest(open)
    const b = takeLightest(open)
    weights[node] = weights[a]! + weights[b]!
    parents[a] = node
    parents[b] = node
    open.push(node)
  }
  depths[node - 1] = 0
  for (let i = node - 2; i >= CLASSES; i--) depths[i] = depths[parents[i]!]! + 1
  let room = 2 ** MAX_CODE_BITS
  for (const i of used) {
    lengths[i] = Math.min(MAX_CODE_BITS, depths[parents[i]!]! + 1)
    room -= 1 << (MAX_CODE_BITS - lengths[i]!)
  }
  if (room !== 0) fillRoom(lengths, used, counts, room)
  return lengths
}

function takeLightest(open: number[]): number {
  let lightest = 0
  for (let i = 1; i < open.length; i++) if (weights[open[i]!]! < weights[open[lightest]!]!) lightest = i
  const taken = open[lightest]!
  open[lightest] = open[open.length - 1]!
  open.pop()
  return taken
}

/** Makes codes that were cut to MAX_CODE_BITS a prefix code again: rare ones longer, then frequent ones shorter. */
function fillRoom(lengths: Uint8Array, used: readonly number[], counts: Uint32Array, missing: number): void {
  const rarestFirst = [...used].sort((a, b) => counts[a]! - counts[b]!)
  let room = missing
  while (room < 0) {
    const own = rarestFirst.find((i) => lengths[i]! < MAX_CODE_BITS)
    if (own === undefined) throw new RangeError('BUG: more classes than codes')
    lengths[own]!++
    room += 1 << (MAX_CODE_BITS - lengths[own]!)
  }
  while (room > 0) {
    const own = rarestFirst.findLast((i) => lengths[i]! > 1 && 1 << (MAX_CODE_BITS - lengths[i]!) <= room)
    if (own === undefined) throw new RangeError('BUG: codes that fill no room')
    room -= 1 << (MAX_CODE_BITS - lengths[own]!)
    lengths[own]!--
  }
}

/** Writes which classes there are and their codes' lengths. @returns each class' code */
function writeTable(writer: BitWriter, lengths: Uint8Array): Uint16Array {
  const codes = new Uint16Array(CLASSES)
  const [first, last] = classesOf(histogram)
  writer.put(first, CLASS_BITS)
  writer.put(last - first, CLASS_BITS)
  if (first === last) return codes
  for (let i = first; i <= last; i++) writer.put(lengths[i]!, CODE_LENGTH_BITS)
  let code = 0
  for (let length = 1; length <= MAX_CODE_BITS; length++, code <<= 1) {
    for (let i = first; i <= last; i++) if (lengths[i] === length) codes[i] = code++
  }
  return codes
}

function classesOf(counts: Uint32Array): [number, number] {
  let first = 0
  while (counts[first] === 0) first++
  let last = CLASSES - 1
  while (counts[last] === 0) last--
  return [first, last]
}

/** Appends bits, the highest first, to bytes whose number is known. */
class BitWriter {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bits: number) {
    this.#bytes = new Uint8Array((bits + 7) >>> 3)
  }

  /** @param count up to 54; `value` has no more bits */
  put(value: number, count: number): void {
    for (let left = count, rest = value; left > 0; ) {
      const own = Math.min(left, 8 - (this.#at & 7))
      left -= own
      const top = left < 32 && rest < TWO_32 ? rest >>> left : Math.floor(rest / POWERS[left]!)
      this.#bytes[this.#at >>> 3]! |= top << (8 - (this.#at & 7) - own)
      rest -= top * POWERS[left]!
      this.#at += own
    }
  }

  finish(): Uint8Array {
    return this.#bytes
  }
}

function zigzag(number: number): number {
  return number < 0 ? -number * 2 - 1 : number * 2
}

function fromZigzag(number: number): number {
  return number < TWO_31 ? (number >>> 1) ^ -(number & 1) : number % 2 === 0 ? number / 2 : -(number + 1) / 2
}

/** How many bits a whole number below 2^53 + 2^53 takes; 0 for 0. */
function bitsOf(number: number): number {
  return number < TWO_32 ? 32 - Math.clz32(number) : 64 - Math.clz32(Math.floor(number / TWO_32))
}
