import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { pipeline, Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { UnreadableInputError } from './errors.ts'

/** The name that stands for standard input. */
export const STDIN = '-'

const READ_BYTES = 256 * 1024

/**
 * Looks at every input before the first is read, so that a mistyped name stops nothing half-way.
 * @returns bytes of all files as they lie on disk; undefined where one is not a plain file (a pipe has no size)
 * @throws UnreadableInputError
 */
export async function totalBytes(files: readonly string[]): Promise<number | undefined> {
  let total = 0
  let known = true
  for (const file of files) {
    if (file === STDIN) {
      known = false
      continue
    }
    const found = await stat(file).catch((error: unknown) => {
      throw new UnreadableInputError(file, error)
    })
    if (found.isDirectory()) throw new UnreadableInputError(file, new Error('it is a folder'))
    known &&= found.isFile()
    total += found.size
  }
  return known ? total : undefined
}

/**
 * Opens an input and unpacks it where its first two bytes are gzip's (RFC 1952, 2.3.1), whatever it is called.
 * @param file a path, or `-` for stdin
 * @param onBytes told of every byte read, before unpacking
 * @throws UnreadableInputError while being read, at the place where the input breaks off
 */
export async function* openSource(
  file: string,
  stdin: Readable,
  onBytes: (count: number) => void = () => {},
): AsyncGenerator<Uint8Array> {
  const raw = file === STDIN ? stdin : createReadStream(file, { highWaterMark: READ_BYTES })
  try {
    const chunks = counted(raw, onBytes)
    const start = await firstBytes(chunks)
    const whole = prepend(start, chunks)
    yield* start[0] === 0x1f && start[1] === 0x8b ? unpacked(whole) : whole
  } catch (error) {
    throw new UnreadableInputError(file === STDIN ? 'standard input' : file, error)
  }
}

async function* counted(raw: Readable, onBytes: (count: number) => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of raw) {
    const bytes: Uint8Array = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    onBytes(bytes.length)
    yield bytes
  }
}

/** At least two bytes, unless there are no more. */
async function firstBytes(chunks: AsyncGenerator<Uint8Array>): Promise<Uint8Array> {
  let start: Uint8Array = new Uint8Array(0)
  while (start.length < 2) {
    const next = await chunks.next()
    if (next.done) break
    start = Buffer.concat([start, next.value])
  }
  return start
}

async function* prepend(start: Uint8Array, rest: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (start.length > 0) yield start
  yield* rest
}

function unpacked(packed: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const gunzip = createGunzip({ chunkSize: READ_BYTES })
  // An error on either side destroys both; whoever iterates gunzip then sees it.
  pipeline(Readable.from(packed, { objectMode: false }), gunzip, () => {})
  return gunzip
}
