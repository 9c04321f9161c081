import type { Command } from 'commander'
import type { Io } from './io.ts'
import type { TablesOptions } from './tables.ts'
import { createToken, listTokens, revokeTokens } from './token.ts'

/**
 * The commands of `tsdb token`.
 * @param tableOptions adds the options by which tables are found
 * @param exit told the exit status
 */
export function addTokenCommands(
  token: Command,
  io: Io,
  tableOptions: (command: Command, io: Io) => Command,
  exit: (status: number) => void,
): void {
  token.summary('make, list and revoke the tokens that the API asks for')
  tableOptions(token.command('create'), io)
    .description('Makes a token and prints it, once. Works on the table, not on the API.')
    .argument('<name>', 'what people call it: for whom or what it is')
    .requiredOption('--scope <scopes>', 'put, query and admin, with commas: none includes another')
    .option('--prefix <prefix>', 'only metrics that begin so; may be given several times', collect, [])
    .option('--expires <time>', 'after such a time (90d, 12h) or at one (2027/01/31)')
    .action(async (tokenName: string, flags: TablesOptions & { scope: string; prefix: string[]; expires?: string }) => {
      exit(await createToken({ ...flags, tokenName }, io))
    })
  tableOptions(token.command('list'), io)
    .description('Prints a line for each token: its id, scopes, metrics, last use, expiry and name.')
    .action(async (flags: TablesOptions) => {
      exit(await listTokens(flags, io))
    })
  tableOptions(token.command('revoke'), io)
    .description(
      'Makes tokens worth nothing, within 30 seconds. Exit status: 0 all are, 1 some were not there, 2 it could not go on.',
    )
    .argument('<id...>', 'their ids')
    .action(async (ids: string[], flags: TablesOptions) => {
      exit(await revokeTokens({ ...flags, ids }, io))
    })
}

function collect(value: string, before: readonly string[]): string[] {
  return [...before, value]
}
