/** Consecutive lines of a text; `texts[i]` is line number `first + i`, undefined where it was longer than allowed. */
export interface LineRun {
  readonly first: number
  readonly texts: readonly (string | undefined)[]
}

const NEWLINE = 0x0a

/**
 * Cuts bytes into lines at \n, a chunk's worth at a time, without ever holding more than a chunk and one line.
 * @param chunks UTF-8 in pieces of any size; a character or line may straddle them
 * @param longest bytes a line may have; a longer one is passed over and comes as undefined
 * @param atTheEnd what becomes of a text behind the last \n: a file's last line often has none, of a connection that broke off it
 *   may be the start of a line
 */
export async function* readLines(
  chunks: AsyncIterable<Uint8Array>,
  longest: number,
  atTheEnd: 'keep' | 'drop' = 'keep',
): AsyncGenerator<LineRun> {
  let first = 1
  /** The start of a line whose end has not come yet. */
  let rest: Uint8Array = new Uint8Array(0)
  /** True while passing over the remainder of a line that was too long. */
  let passing = false

  for await (const piece of chunks) {
    let chunk = piece
    if (passing) {
      const end = chunk.indexOf(NEWLINE)
      if (end < 0) continue
      chunk = chunk.subarray(end + 1)
      passing = false
      yield { first, texts: [undefined] }
      first++
    }
    const end = chunk.lastIndexOf(NEWLINE)
    if (end >= 0) {
      const texts = split(Buffer.concat([rest, chunk.subarray(0, end)]), longest)
      yield { first, texts }
      first += texts.length
      rest = chunk.slice(end + 1)
    } else if (chunk.length > 0) {
      rest = Buffer.concat([rest, chunk])
    }
    if (rest.length > longest) {
      rest = new Uint8Array(0)
      passing = true
    }
  }
  if (atTheEnd === 'drop') return
  if (passing) yield { first, texts: [undefined] }
  else if (rest.length > 0) yield { first, texts: split(rest, longest) }
}

function split(bytes: Uint8Array, longest: number): (string | undefined)[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
  return text.split('\n').map((line) => (line.length > longest ? undefined : line))
}
