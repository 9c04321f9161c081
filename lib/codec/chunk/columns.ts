/** Columns of a row's points as they are decoded, all zero. */
export interface Columns {
  readonly times: Float64Array
  readonly values: Float64Array
  readonly kinds: Uint8Array
}

/** Columns of so many points or fewer are cut from memory that they share. */
const MAX_SHARED = 512
const BYTES_A_POINT = 17
const SHARED_BYTES = MAX_SHARED * BYTES_A_POINT * 8

let shared = new ArrayBuffer(0)
let used = 0

/**
 * Room for points. To take memory for three arrays takes longer than to decode the few dozen points of most rows, so several
 * rows' columns lie in one buffer, which is given back when the last of these rows is.
 */
export function columnsOf(count: number): Columns {
  if (count > MAX_SHARED) {
    return { times: new Float64Array(count), values: new Float64Array(count), kinds: new Uint8Array(count) }
  }
  const bytes = Math.ceil((count * BYTES_A_POINT) / 8) * 8
  if (used + bytes > shared.byteLength) {
    shared = new ArrayBuffer(SHARED_BYTES)
    used = 0
  }
  const at = used
  used += bytes
  return {
    times: new Float64Array(shared, at, count),
    values: new Float64Array(shared, at + count * 8, count),
    kinds: new Uint8Array(shared, at + count * 16, count),
  }
}
