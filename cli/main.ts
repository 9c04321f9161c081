import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { TsdbError } from '../lib/model/errors.ts'
import { importFiles } from './import.ts'
import { importKairos } from './import-kairos.ts'
import type { Io } from './io.ts'
import { query } from './query.ts'
import {
  dropRejects,
  listRejects,
  type RejectsChoice,
  type RejectsCommand,
  retryRejects,
  showReject,
} from './rejects.ts'
import { addRelayCommand } from './relay/command.ts'
import { type SealCommand, sealByHand } from './seal.ts'
import { addTokenCommands } from './token-command.ts'
import { treesync } from './treesync.ts'
import { deleteUids, fsckUids, UID_TYPES, type UidServer } from './uid.ts'

/** The command could not go on, or was not understood. */
const EXIT_STOPPED = 2

const DEFAULT_URL = 'http://127.0.0.1:4242'

/** As long as rejects are kept by default, and a week that they may have been on the stream before. */
const DAYS_OF_REJECTS = 38

/**
 * The `tsdb` command.
 * @param args the words after `tsdb`
 * @returns the exit status; every error has become a line on stderr
 */
export async function main(args: readonly string[], io: Io): Promise<number> {
  let status = 0
  const program = commands(io, (given) => {
    status = given
  })
  // A reader such as `head` that has seen enough closes the pipe; that is not worth a stack trace.
  io.stdout.on('error', () => {})
  try {
    await program.parseAsync(args, { from: 'user' })
    return status
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_STOPPED
    io.stderr.write(`tsdb: ${describe(error)}\n`)
    return EXIT_STOPPED
  }
}

function describe(error: unknown): string {
  if (error instanceof TsdbError)
    return error.details === undefined || error.details === error.message
      ? error.message
      : `${error.message}: ${error.details}`
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

interface ServerFlags {
  readonly url: string
  readonly token?: string
}

interface ImportFlags extends ServerFlags {
  readonly batch: number
  readonly connections: number
  readonly sync: boolean
  readonly kairosdb: boolean
}

function commands(io: Io, exit: (status: number) => void): Command {
  const program = new Command('tsdb')
    .description('Talks to a time series database that has OpenTSDB’s HTTP API.')
    .showHelpAfterError(
      '(tsdb --help says what there is, docs/compatibility.md#commands where OpenTSDB’s other commands are)',
    )
  quiet(program, io)

  const serverOptions = (command: Command): Command =>
    quiet(command, io)
      .addOption(new Option('--url <address>', 'where the server is').default(io.env.TSDB_URL || DEFAULT_URL))
      .addOption(new Option('--token <token>', 'sent as a Bearer token; better given in TSDB_TOKEN'))

  serverOptions(program.command('import'))
    .summary('send the points of files to the server')
    .description('Sends points from files of import lines, `metric timestamp value tag=value ...`, plain or gzip.')
    .argument('<file...>', 'files to read; - is standard input')
    .option('--batch <points>', 'points in a request', wholeNumber(1, 100_000), 5000)
    .option('--connections <count>', 'requests on their way at once', wholeNumber(1, 64), 4)
    .option('--sync', 'wait for each request until its points can be read', false)
    .option('--kairosdb', 'the files are exports of KairosDB', false)
    .addHelpText('after', IMPORT_HELP)
    .action(async (files: string[], { kairosdb, ...flags }: ImportFlags) => {
      const run = kairosdb ? importKairos : importFiles
      exit(await run({ ...flags, token: flags.token ?? io.env.TSDB_TOKEN, files }, io))
    })

  serverOptions(program.command('query'))
    .summary('ask the server and print the points')
    .description('Asks for points and prints a line for each: metric, time, value, {tags}.')
    .argument('<words...>', 'START [END] FUNC [rate] [downsample N FUNC] METRIC [TAG=VALUE ...] ...')
    .option('--ms', 'times in milliseconds instead of seconds', false)
    .addHelpText('after', QUERY_HELP)
    .action(async (words: string[], flags: ServerFlags & { ms: boolean }) => {
      exit(await query({ ...flags, token: flags.token ?? io.env.TSDB_TOKEN, words }, io))
    })

  tableOptions(program.command('seal'), io)
    .summary('turn blocks into rows now')
    .description('Seals the hours that are over, as the schedule does by itself. Works on the tables, not on the API.')
    .option('--hour <time>', 'only the hour that this time lies in')
    .option('--until <time>', 'only hours that are over by then')
    .addHelpText('after', SEAL_HELP)
    .action(async (flags: SealCommand) => {
      exit(await sealByHand(flags, io))
    })

  addRejectsCommands(quiet(program.command('rejects'), io), io, exit)
  addRelayCommand(quiet(program.command('relay'), io), io, exit, wholeNumber)
  addTokenCommands(quiet(program.command('token'), io), io, tableOptions, exit)
  addUidCommands(quiet(program.command('uid'), io), io, serverOptions, exit)

  return program.addHelpText('after', '\nTSDB_URL and TSDB_TOKEN in the environment stand for --url and --token.')
}

/** Options of commands that work on the tables and not through the API. */
function tableOptions(command: Command, io: Io): Command {
  return quiet(command, io)
    .option('--data <dir>', 'data folder of the npm start whose tables are meant', '.tsdb')
    .option('--aws', 'work on tables in AWS, with the region and credentials that the AWS SDK finds', false)
    .addOption(
      new Option('--name <name>', 'name of the stack, which the tables’ begin with').default(
        io.env.TSDB_NAME || 'tsdb',
      ),
    )
}

/** The commands of `tsdb rejects`. */
function addRejectsCommands(rejects: Command, io: Io, exit: (status: number) => void): void {
  rejects.summary('look at records that could not be stored, send them again or drop them')
  const options = (name: string) =>
    tableOptions(rejects.command(name), io).option(
      '--days <count>',
      'days of arrival to look at, back from today',
      wholeNumber(1, 3_650),
      DAYS_OF_REJECTS,
    )
  options('list')
    .description('Prints a line for each reject, oldest first.')
    .action(async (flags: RejectsCommand) => exit(await listRejects(flags, io)))
  options('show')
    .description('Prints one reject: where it comes from, why it is there and what it holds.')
    .argument('<id>', 'its id, or how that begins')
    .option('--raw', 'print nothing but the record, byte for byte as it came', false)
    .action(async (id: string, flags: RejectsCommand & { raw: boolean }) => {
      exit(await showReject({ ...flags, id }, io))
    })
  options('retry')
    .description(
      'Puts rejects on the stream again and deletes them here. Exit status: 0 all, 1 some stayed, 2 it could not go on.',
    )
    .argument('[id...]', 'their ids, or how those begin')
    .option('--all', 'all of these days', false)
    .option('--stream <name>', 'with --aws: the stream, the output StreamName of the deployment', io.env.TSDB_STREAM)
    .action(async (ids: string[], flags: Omit<RejectsChoice, 'ids'> & { stream?: string }) => {
      exit(await retryRejects({ ...flags, ids }, io))
    })
  options('drop')
    .description('Deletes rejects for good.')
    .argument('[id...]', 'their ids, or how those begin')
    .option('--all', 'all of these days', false)
    .action(async (ids: string[], flags: Omit<RejectsChoice, 'ids'>) => exit(await dropRejects({ ...flags, ids }, io)))
}

/** The commands of `tsdb uid`. */
function addUidCommands(
  uid: Command,
  io: Io,
  serverOptions: (command: Command) => Command,
  exit: (status: number) => void,
): void {
  uid.summary('look after names and their UIDs')
  const serverOf = (flags: ServerFlags): UidServer => ({ ...flags, token: flags.token ?? io.env.TSDB_TOKEN })
  serverOptions(uid.command('fsck'))
    .summary('check that names and UIDs lead to each other')
    .description(
      'Checks every name, and that no UID can be given twice. Exit status: 0 no faults, 1 faults, 2 it could not go on.',
    )
    .addArgument(new Argument('[kind]', 'only names of this kind').choices(UID_TYPES))
    .action(async (kind: string | undefined, flags: ServerFlags) => {
      exit(await fsckUids(serverOf(flags), kind === undefined ? UID_TYPES : [kind], io))
    })
  serverOptions(uid.command('delete'))
    .summary('delete names that no series uses')
    .description(
      'Deletes names; those that a series uses stay. Exit status: 0 all are deleted, 1 some are not, 2 it could not go on.',
    )
    .addArgument(new Argument('<kind>', 'their kind').choices(UID_TYPES))
    .argument('<name...>', 'what to delete')
    .action(async (kind: string, names: string[], flags: ServerFlags) => {
      exit(await deleteUids(serverOf(flags), kind, names, io))
    })
  serverOptions(uid.command('treesync'))
    .summary('put the series that there are into trees')
    .description(
      'Puts all series into the trees that are enabled, or into one. New ones get there by themselves. Exit status: 0 done, 2 it could not go on.',
    )
    .option('--tree <id>', 'only this tree, also where it is not enabled', wholeNumber(1, 65_535))
    .option('--cursor <cursor>', 'where a run that was stopped goes on')
    .action(async (flags: ServerFlags & { tree?: number; cursor?: string }) => {
      exit(await treesync({ ...flags, ...serverOf(flags) }, io))
    })
}

/** Makes commander throw instead of ending the process, and write where it is told. */
function quiet(command: Command, io: Io): Command {
  return command.exitOverride().configureOutput({
    writeOut: (text) => io.stdout.write(text),
    writeErr: (text) => io.stderr.write(text),
  })
}

function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (/^\d+$/.test(text) && value >= least && value <= most) return value
    throw new InvalidArgumentError(`It should be a whole number from ${least} to ${most}.`)
  }
}

const IMPORT_HELP = `
A line is   sys.cpu.user 1795319110 26951 host=web01 cpu=all
with the time in seconds or milliseconds. Words are separated by blanks or tabs; empty lines and
lines that start with # are passed over. A bad line is reported with its file, number and reason,
and the rest goes on. Points that are sent again change nothing, so an import that was stopped may
be repeated.

Exit status: 0 everything is in, 1 some lines were bad, 2 it could not go on.

Examples:
  tsdb import host-metrics.txt.gz
  zcat *.gz | tsdb import -
  tsdb import --url https://tsdb.example.org --batch 10000 day-*.txt`

const QUERY_HELP = `
START and END are relative (1h-ago), absolute (2026/11/22-05:00:00) or Unix times; without END it
is now. FUNC is an aggregator such as sum, avg, min, max, count or none. N is a duration such as
5m, or a number of seconds. TAG=* groups by a tag, TAG=a|b by these values.

Examples:
  tsdb query 1h-ago avg sys.cpu.user host=web01
  tsdb query 2026/11/22-05:00 2026/11/22-06:00 sum downsample 5m avg proc.net.rx.bytes 'iface=*'
  tsdb query start=1h-ago avg sys.cpu.user host=web01 max sys.cpu.system host=web01`

const SEAL_HELP = `
TIME is relative (1h-ago), absolute (2026/11/22-05:00, in UTC) or a Unix time. An hour can be sealed
from six minutes after its end on. Sealing twice, or while the schedule does, does no harm.

Exit status: 0 all that is due is sealed, 1 some is left, 2 it could not go on.

Examples:
  tsdb seal
  tsdb seal --aws --name tsdb-prod --hour 2026/11/22-05:00
  tsdb seal --until 1d-ago`
