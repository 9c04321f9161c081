import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isRecord, tryJson } from '../../lib/model/json.ts'
import { decodeEntryHead, decodePoints, encodeEntry } from './entry.ts'
import { RelayDiskError, RelayFolderError, RelayFullError } from './errors.ts'
import { lockFolder } from './lock.ts'

/** When what was written is brought to the disk itself: killing the relay loses nothing either way, a power cut what was not. */
export const FSYNC_POLICIES = ['always', 'second', 'never'] as const
export type FsyncPolicy = (typeof FSYNC_POLICIES)[number]

export interface SpoolOptions {
  readonly dir: string
  /** Bytes that all segments may take together. */
  readonly maxBytes: number
  readonly fsync: FsyncPolicy
  /** Bytes from which on the next segment begins. @default 16 MB */
  readonly segmentBytes?: number
}

/** Points that were read and are still on disk. */
export interface SpooledBatch {
  readonly points: readonly string[]
  /** Where what comes behind them begins. */
  readonly end: Position
}

interface Position {
  /** Number of the segment. */
  readonly segment: number
  readonly offset: number
}

/** A segment that is there. */
interface Segment {
  readonly number: number
  /** Those that are known to be whole. */
  bytes: number
}

const SEGMENT_BYTES = 16 * 1024 * 1024
const SEGMENT_NAME = /^(\d{16})\.segment$/
const POSITION_FILE = 'position.json'
const FSYNC_MS = 1000

/**
 * Points on disk, first in first out: segment files that are only ever added to, and a note of how far they were sent. Whatever
 * stops the relay, what `append` has returned from is there when it starts again; what was sent and not noted yet is sent again.
 */
export class Spool {
  readonly #options: Required<SpoolOptions>
  readonly #unlock: () => Promise<void>
  #segments: Segment[]
  #read: Position
  #file: FileHandle | undefined
  #isDirty = false
  #timer: NodeJS.Timeout | undefined
  #wake: () => void = () => undefined
  /** The segment being read, so that it is not read anew for each batch. */
  #reading: { number: number; bytes: Buffer } | undefined
  #appends = 0
  /** Points that are not sent yet. */
  points = 0
  /** Bytes of what could not be read and lies in files of its own. */
  damagedBytes = 0
  /** When the oldest point that is not sent was written, milliseconds since 1970. */
  oldestAt: number | undefined

  private constructor(
    options: Required<SpoolOptions>,
    segments: Segment[],
    read: Position,
    unlock: () => Promise<void>,
  ) {
    this.#options = options
    this.#segments = segments
    this.#read = read
    this.#unlock = unlock
    if (options.fsync === 'second')
      this.#timer = setInterval(() => void this.#sync().catch(() => undefined), FSYNC_MS).unref()
  }

  /**
   * Opens the folder, making it where it is not there, and looks at what is in it.
   * @throws RelayFolderError
   */
  static async open(given: SpoolOptions): Promise<Spool> {
    const options = { segmentBytes: SEGMENT_BYTES, ...given }
    const { dir } = options
    let unlock: (() => Promise<void>) | undefined
    try {
      await mkdir(dir, { recursive: true })
      unlock = await lockFolder(dir)
      const numbers = await segmentNumbers(dir)
      const read = await readPosition(dir, numbers)
      const spool = new Spool(options, [], read, unlock)
      for (const number of numbers) await spool.#inspect(number)
      return spool
    } catch (error) {
      await unlock?.()
      if (error instanceof RelayFolderError) throw error
      throw new RelayFolderError(dir, error instanceof Error ? error.message : String(error), error)
    }
  }

  /** Bytes on disk. */
  get bytes(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  /**
   * Writes points behind all others. One call at a time.
   * @param points each as JSON without line ends
   * @throws RelayFullError, RelayDiskError; who sends the points again does no harm, also where they are there
   */
  async append(points: readonly string[]): Promise<void> {
    const { maxBytes, segmentBytes, fsync } = this.#options
    const writtenAt = Date.now()
    const entry = encodeEntry(points, writtenAt)
    if (this.bytes + entry.length > maxBytes) throw new RelayFullError(maxBytes)
    try {
      const last = this.#segments.at(-1)
      const segment =
        last === undefined || this.#file === undefined || last.bytes >= segmentBytes ? await this.#begin() : last
      await this.#write(segment, entry)
      // Before it is brought to the disk itself: where that fails they are read and sent all the same.
      this.#appends++
      this.points += points.length
      this.oldestAt ??= writtenAt
      this.#wake()
      this.#isDirty = true
      if (fsync === 'always') await this.#sync()
    } catch (error) {
      throw new RelayDiskError(error)
    }
  }

  /** Waits until points were written, or time is up. @param ms undefined: as long as it takes */
  async changed(ms?: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve) => {
      this.#wake = resolve
      if (ms !== undefined) timer = setTimeout(resolve, ms)
    })
    clearTimeout(timer)
  }

  /** Ends a wait for points. */
  wake(): void {
    this.#wake()
  }

  /**
   * Reads the oldest points that are not sent.
   * @param most points and characters: the entry that passes one of them is the last
   * @returns undefined where there are none
   */
  async next(most: { readonly points: number; readonly characters: number }): Promise<SpooledBatch | undefined> {
    const points: string[] = []
    const appends = this.#appends
    let { segment: number, offset } = this.#read
    let characters = 0
    for (const segment of [...this.#segments]) {
      if (segment.number < number) continue
      if (segment.number > number) [number, offset] = [segment.number, 0]
      const bytes = await this.#load(segment, offset)
      for (;;) {
        const head = decodeEntryHead(bytes, offset)
        if (head === 'end') break
        if (head === 'damaged') {
          await this.#setAside(segment, bytes, offset)
          offset = segment.bytes
          break
        }
        if (points.length === 0) this.oldestAt = head.writtenAt
        const entry = decodePoints(bytes, offset, head)
        for (const point of entry) points.push(point)
        characters += entry.reduce((sum, text) => sum + text.length, 0)
        offset += head.length
        if (points.length >= most.points || characters >= most.characters) {
          return { points, end: { segment: number, offset } }
        }
      }
    }
    if (points.length > 0) return { points, end: { segment: number, offset } }
    // What was set aside was counted, and nobody is to wait for it.
    if (this.#appends === appends) [this.points, this.oldestAt] = [0, undefined]
    return undefined
  }

  /**
   * Notes that points were sent, and deletes segments whose points all were: also where that can't be noted, as on a full disk, since
   * that makes room. What was sent since the last note is sent again by the next relay.
   * @returns why it could not be noted; undefined where it was
   * @throws where segments can't be deleted
   */
  async done({ points, end }: SpooledBatch): Promise<unknown> {
    this.#read = end
    this.points -= points.length
    this.oldestAt = this.points > 0 ? (this.oldestAt ?? Date.now()) : undefined
    const failure = await this.#notePosition().then(
      () => undefined,
      (error: unknown) => error,
    )
    const [sent, left] = [
      this.#segments.filter(({ number }) => number < end.segment),
      this.#segments.filter(({ number }) => number >= end.segment),
    ]
    this.#segments = left
    for (const { number } of sent) await rm(segmentPath(this.#options.dir, number), { force: true })
    if (failure === undefined) await this.#dropIfAllSent()
    return failure
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#sync()
    await this.#file?.close()
    this.#file = undefined
    await this.#unlock()
  }

  /** Once all is sent the last segment goes too; the next one has a number above it. */
  async #dropIfAllSent(): Promise<void> {
    const [only, ...more] = this.#segments
    if (only === undefined || more.length > 0 || this.#read.offset < only.bytes) return
    if (only.bytes < this.#options.segmentBytes) return
    await this.#file?.close()
    this.#file = undefined
    this.#segments = []
    this.#read = { segment: only.number + 1, offset: 0 }
    // first, or a segment that takes the number again would be read from the old one's end on
    await this.#notePosition()
    await rm(segmentPath(this.#options.dir, only.number), { force: true })
  }

  async #notePosition(): Promise<void> {
    const file = join(this.#options.dir, POSITION_FILE)
    await writeFile(`${file}.new`, JSON.stringify(this.#read))
    await rename(`${file}.new`, file)
  }

  async #begin(): Promise<Segment> {
    await this.#sync()
    await this.#file?.close()
    this.#file = undefined
    const number = Math.max(this.#read.segment, (this.#segments.at(-1)?.number ?? -1) + 1)
    this.#file = await open(segmentPath(this.#options.dir, number), 'ax')
    const segment = { number, bytes: 0 }
    this.#segments.push(segment)
    return segment
  }

  async #write(segment: Segment, entry: Buffer): Promise<void> {
    const file = this.#file
    if (file === undefined) throw new Error('no segment is open')
    try {
      for (let at = 0; at < entry.length; ) at += (await file.write(entry, at)).bytesWritten
      segment.bytes += entry.length
    } catch (error) {
      // what stands there in part would be taken for damage; where even that can't be undone, the next segment takes over
      await file.truncate(segment.bytes).catch(async () => {
        this.#file = undefined
        await file.close().catch(() => undefined)
      })
      throw error
    }
  }

  async #sync(): Promise<void> {
    if (!this.#isDirty || this.#options.fsync === 'never') return
    this.#isDirty = false
    try {
      await this.#file?.datasync()
    } catch (error) {
      this.#isDirty = true
      throw error
    }
  }

  /** Bytes of a segment from the start to where it is known to be whole. */
  async #load({ number, bytes: length }: Segment, offset: number): Promise<Buffer> {
    const known = this.#reading
    if (known?.number === number && known.bytes.length >= length && offset <= length)
      return known.bytes.subarray(0, length)
    const bytes = (await readFile(segmentPath(this.#options.dir, number))).subarray(0, length)
    this.#reading = { number, bytes }
    return bytes
  }

  /** Counts the points of a segment that was there at the start. */
  async #inspect(number: number): Promise<void> {
    const path = segmentPath(this.#options.dir, number)
    const bytes = await readFile(path)
    const segment: Segment = { number, bytes: bytes.length }
    this.#segments.push(segment)
    for (let offset = 0; ; ) {
      const head = decodeEntryHead(bytes, offset)
      if (head === 'end') return
      if (head === 'damaged') return this.#setAside(segment, bytes, offset)
      const isSent = number < this.#read.segment || (number === this.#read.segment && offset < this.#read.offset)
      if (!isSent) {
        this.points += head.count
        this.oldestAt ??= head.writtenAt
      }
      offset += head.length
    }
  }

  /** Keeps what can't be read in a file of its own, and takes it off the segment. */
  async #setAside(segment: Segment, bytes: Buffer, offset: number): Promise<void> {
    const path = segmentPath(this.#options.dir, segment.number)
    const damaged = bytes.subarray(offset)
    await writeFile(`${path}.${offset}.damaged`, damaged)
    const file = await open(path, 'r+')
    await file.truncate(offset)
    await file.close()
    segment.bytes = offset
    this.#reading = undefined
    this.damagedBytes += damaged.length
  }
}

function segmentPath(dir: string, number: number): string {
  return join(dir, `${String(number).padStart(16, '0')}.segment`)
}

async function segmentNumbers(dir: string): Promise<number[]> {
  const names = await readdir(dir)
  return names
    .flatMap((name) => {
      const [, digits] = SEGMENT_NAME.exec(name) ?? []
      return digits === undefined ? [] : [Number(digits)]
    })
    .sort((a, b) => a - b)
}

/** How far points were sent; the start of all where that is not known: what is sent twice changes nothing. */
async function readPosition(dir: string, numbers: readonly number[]): Promise<Position> {
  const first = { segment: numbers[0] ?? 0, offset: 0 }
  const noted = tryJson(await readFile(join(dir, POSITION_FILE), 'utf8').catch(() => ''))
  if (!isRecord(noted)) return first
  const { segment, offset } = noted
  if (!Number.isSafeInteger(segment) || !Number.isSafeInteger(offset)) return first
  const position = { segment: Number(segment), offset: Number(offset) }
  const last = numbers.at(-1)
  if (position.segment < first.segment || (last !== undefined && position.segment > last)) return first
  const length = await stat(segmentPath(dir, position.segment)).then(
    ({ size }) => size,
    () => 0,
  )
  return position.offset <= length ? position : { ...position, offset: 0 }
}
