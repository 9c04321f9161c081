import { KinesisClient } from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { decodeStreamRecord, isPackedRecord } from '../lib/codec/stream-record.ts'
import { echoBatchPoint } from '../lib/ingest/point-echo.ts'
import { PointStream } from '../lib/ingest/point-stream.ts'
import type { Store } from '../lib/store/index.ts'
import { mapParallel } from '../lib/store/parallel.ts'
import type { RejectEntry } from '../lib/store/rejects.ts'
import { NothingRunningError, RejectNotFoundError, UsageError } from './errors.ts'
import { counted, grouped, type Io, write } from './io.ts'
import { LOCAL_ACCESS, openTables, runningServer, type TablesOptions } from './tables.ts'

/** What every command of `tsdb rejects` is told. */
export interface RejectsCommand extends TablesOptions {
  /** Days of arrival to look at, back from today. */
  readonly days: number
}

/** Rejects by the beginnings of their ids, or all of them. */
export interface RejectsChoice extends RejectsCommand {
  readonly ids: readonly string[]
  readonly all: boolean
}

/** Some rejects are still there that should not be. */
const EXIT_LEFT = 1
const DAY_S = 86_400
const PARALLEL_DAYS = 8
/** Milliseconds within which a record must be on the stream. */
const STREAM_DEADLINE_MS = 20_000
/** Characters of a reason in a list. */
const REASON_SHOWN = 100

/** Prints a line for each reject, oldest first. @throws what openTables throws */
export async function listRejects(command: RejectsCommand, io: Io): Promise<number> {
  return withStore(command, async (store) => {
    const entries = await entriesOf(store, command)
    if (entries.length > 0) await write(io.stdout, 'ID           ARRIVED                       BYTES  REASON\n')
    for (const { id, arrival, size, reason } of entries) {
      const [line = ''] = reason.split('\n')
      const shown = line.length > REASON_SHOWN ? `${line.slice(0, REASON_SHOWN)}...` : line
      await write(io.stdout, `${id} ${isoTime(arrival)} ${grouped(size).padStart(10)}  ${shown}\n`)
    }
    await write(io.stdout, `${counted(entries.length, 'reject')}\n`)
    return 0
  })
}

/**
 * Prints one reject: where it comes from, why it is there and what it holds, points as JSON.
 * @param command.raw only the record's bytes, as they came
 * @throws RejectNotFoundError, and what openTables throws
 */
export async function showReject(
  command: RejectsCommand & { readonly id: string; readonly raw: boolean },
  io: Io,
): Promise<number> {
  return withStore(command, async (store) => {
    const [entry] = choose(await entriesOf(store, command), [command.id])
    const bytes = entry && (await store.rejects.bytes(entry))
    if (entry === undefined || bytes === undefined) throw new RejectNotFoundError(command.id)
    if (command.raw) {
      io.stdout.write(bytes)
      return 0
    }
    const { content, form } = contentOf(bytes)
    const lines = [
      `id       ${entry.id}`,
      `arrived  ${isoTime(entry.arrival)}`,
      `source   shard ${entry.shard}, sequence number ${entry.sequence}`,
      `size     ${counted(entry.size, 'byte')}, ${form}`,
      ...entry.reason.split('\n').map((line, i) => `${i === 0 ? 'reason ' : '       '}  ${line}`),
      '',
      content,
    ]
    await write(io.stdout, `${lines.join('\n')}\n`)
    return 0
  })
}

/**
 * Puts rejected records on the stream again, as they came, and deletes each once the stream has it. What is still wrong with it makes it
 * a reject again.
 * @param command.stream the stream's name; that of the running `npm start` where it is not given
 * @returns the exit status: 0, or 1 where the stream did not take all
 * @throws RejectNotFoundError, UsageError, StreamRefusedError, and what openTables throws
 */
export async function retryRejects(
  command: RejectsChoice & { readonly stream?: string | undefined },
  io: Io,
): Promise<number> {
  const { client, stream } = await openStream(command)
  return withStore(command, async (store) => {
    const entries = await chosen(store, command)
    let failed = 0
    for (const entry of entries) {
      const bytes = await store.rejects.bytes(entry)
      if (bytes === undefined) continue
      const [why] = await stream.put([bytes])
      if (why === undefined) await store.rejects.delete(entry)
      else failed++
      await (why === undefined
        ? write(io.stdout, `${entry.id}: on the stream again\n`)
        : write(io.stderr, `${entry.id}: ${why}\n`))
    }
    await write(io.stdout, `${counted(entries.length - failed, 'reject')} sent again\n`)
    return failed === 0 ? 0 : EXIT_LEFT
  }).finally(() => client.destroy())
}

/** Deletes rejects for good. @throws RejectNotFoundError, UsageError, and what openTables throws */
export async function dropRejects(command: RejectsChoice, io: Io): Promise<number> {
  return withStore(command, async (store) => {
    const entries = await chosen(store, command)
    for (const entry of entries) await store.rejects.delete(entry)
    await write(io.stdout, `${counted(entries.length, 'reject')} deleted\n`)
    return 0
  })
}

async function withStore(command: TablesOptions, work: (store: Store) => Promise<number>): Promise<number> {
  const { store, close } = await openTables(command)
  try {
    return await work(store)
  } finally {
    close()
  }
}

/** The rejects of the days asked for, oldest first. */
async function entriesOf({ rejects }: Store, { days }: RejectsCommand): Promise<RejectEntry[]> {
  const nowS = Math.floor(Date.now() / 1000)
  // Tomorrow's too: the stream's clock may be ahead.
  const times = Array.from({ length: days + 1 }, (_, i) => nowS + DAY_S * (i + 1 - days))
  const found = await mapParallel(times, PARALLEL_DAYS, async (timeS) => {
    const entries: RejectEntry[] = []
    for await (const entry of rejects.entries(timeS)) entries.push(entry)
    return entries
  })
  return found.flat()
}

async function chosen(store: Store, command: RejectsChoice): Promise<RejectEntry[]> {
  const { ids, all } = command
  if (all === ids.length > 0) throw new UsageError('Name rejects by their ids, or all of them by --all')
  const entries = await entriesOf(store, command)
  return all ? entries : choose(entries, ids)
}

/** @param ids beginnings of ids, each of one reject */
function choose(entries: readonly RejectEntry[], ids: readonly string[]): RejectEntry[] {
  return ids.map((id) => {
    const [entry, ...others] = entries.filter((each) => each.id.startsWith(id))
    if (entry === undefined) throw new RejectNotFoundError(id)
    if (others.length > 0) throw new UsageError(`${counted(others.length + 1, 'reject')} begin with ${id}`)
    return entry
  })
}

/** @throws UsageError, NothingRunningError */
async function openStream({
  aws,
  data,
  stream,
}: RejectsChoice & { readonly stream?: string | undefined }): Promise<{ client: KinesisClient; stream: PointStream }> {
  const running = aws ? undefined : await runningServer(data)
  const name = stream ?? running?.streamName
  if (name === undefined) {
    if (aws) throw new UsageError('With --aws, --stream NAME is needed: the output StreamName of the deployment')
    throw new NothingRunningError(data)
  }
  const client = new KinesisClient({
    maxAttempts: 1,
    requestHandler: new NodeHttpHandler({ connectionTimeout: 2_000, requestTimeout: 10_000 }),
    ...(running?.kinesisEndpoint !== undefined && { ...LOCAL_ACCESS, endpoint: running.kinesisEndpoint }),
  })
  return { client, stream: new PointStream(client, name, { deadlineMs: STREAM_DEADLINE_MS }) }
}

/** What a record holds, for people to read. */
function contentOf(bytes: Uint8Array): { content: string; form: string } {
  if (isPackedRecord(bytes)) {
    try {
      const { batch } = decodeStreamRecord(bytes)
      const points = Array.from({ length: batch.points.count }, (_, i) => echoBatchPoint(batch, i))
      return { content: points.join('\n'), form: `${counted(points.length, 'point')}, packed` }
    } catch {
      return { content: Buffer.from(bytes).toString('base64'), form: 'packed, but not readable; in base64' }
    }
  }
  try {
    return { content: new TextDecoder('utf-8', { fatal: true }).decode(bytes), form: 'text' }
  } catch {
    return { content: Buffer.from(bytes).toString('base64'), form: 'no text; in base64' }
  }
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString()
}
