import { type Command, Option } from 'commander'
import { DEFAULT_LIMITS, MOST_TAGS } from '../../lib/model/limits.ts'
import type { Io } from '../io.ts'
import { relay } from './index.ts'
import { FSYNC_POLICIES, type FsyncPolicy } from './spool.ts'

interface RelayFlags {
  readonly to: string
  readonly token?: string
  readonly host: string
  readonly port: number
  readonly dir: string
  readonly maxMb: number
  readonly fsync: FsyncPolicy
  readonly batch: number
  readonly window: number
  readonly maxTags: number
}

/**
 * Says what the command `tsdb relay` takes.
 * @param command to be filled
 * @param exit told the exit status
 * @param wholeNumber makes a reader of whole numbers within bounds
 */
export function addRelayCommand(
  command: Command,
  io: Io,
  exit: (status: number) => void,
  wholeNumber: (least: number, most: number) => (text: string) => number,
): void {
  command
    .summary('take points at the edge and send them on')
    .description(
      'Listens for telnet and HTTP puts on one port, keeps the points on disk and sends them on in few requests.',
    )
    .requiredOption('--to <address>', 'where the points go')
    .option('--token <token>', 'sent as a Bearer token; better given in TSDB_TOKEN')
    .option('--host <address>', 'address to listen on; whoever reaches it may put', '127.0.0.1')
    .option('--port <number>', 'port to listen on', wholeNumber(0, 65_535), 4242)
    .option('--dir <dir>', 'folder that keeps the points until they are sent', '.tsdb-relay')
    .option(
      '--max-mb <megabytes>',
      'room on disk; once it is used up new points are refused',
      wholeNumber(32, 1_000_000),
      1024,
    )
    .addOption(
      new Option('--fsync <when>', 'bring points to the disk itself').choices(FSYNC_POLICIES).default('second'),
    )
    .option('--batch <points>', 'points in a request', wholeNumber(1, 50_000), 10_000)
    .option('--window <ms>', 'milliseconds that points wait for others', wholeNumber(0, 600_000), 1000)
    .option(
      '--max-tags <count>',
      'tags of a point, as many as the server takes',
      wholeNumber(1, MOST_TAGS),
      DEFAULT_LIMITS.tags,
    )
    .action(async ({ maxMb, window, ...flags }: RelayFlags) => {
      const token = flags.token ?? io.env.TSDB_TOKEN
      exit(await relay({ ...flags, token, maxBytes: maxMb * 1024 * 1024, windowMs: window }, io))
    })
}
