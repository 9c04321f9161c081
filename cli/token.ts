import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { SCOPES, type Scope } from '../lib/access/grant.ts'
import { isWorth, type Token, TokenStore } from '../lib/access/tokens.ts'
import { parseTime } from '../lib/query/times.ts'
import { Dynamo, openClient } from '../lib/store/dynamo.ts'
import { UsageError } from './errors.ts'
import { counted, type Io } from './io.ts'
import { LOCAL_ACCESS, runningServer, type TablesOptions } from './tables.ts'

/** What a token is to be, in the words of the command line. */
export interface CreateTokenCommand extends TablesOptions {
  readonly tokenName: string
  /** With commas between them. */
  readonly scope: string
  readonly prefix: readonly string[]
  /** `90d`, or a time as queries write them. */
  readonly expires?: string | undefined
}

/** Milliseconds within which a request must succeed: a person waits. */
const DEADLINE_MS = 20_000
const EXIT_NOT_THERE = 1

/**
 * Makes a token. The token alone goes to standard output, so that it can be put into a variable or a file; what it is, to
 * standard error.
 * @param now milliseconds since 1970
 * @returns 0
 * @throws UsageError for scopes or times that are none; BadTokenError; NothingRunningError; StoreUnavailableError
 */
export async function createToken(command: CreateTokenCommand, io: Io, now = Date.now()): Promise<number> {
  const request = {
    name: command.tokenName,
    scopes: parseScopes(command.scope),
    prefixes: command.prefix,
    expiresAt: command.expires === undefined ? undefined : parseExpiry(command.expires, now),
  }
  return withTokens(command, now, async (tokens) => {
    const { token, text } = await tokens.create(request)
    io.stdout.write(`${text}\n`)
    io.stderr.write(`${describe(token, now)}\nThe token is shown this once and stored nowhere\n`)
    return 0
  })
}

/**
 * Prints a line for each token.
 * @returns 0
 * @throws NothingRunningError, StoreUnavailableError
 */
export async function listTokens(command: TablesOptions, io: Io, now = Date.now()): Promise<number> {
  return withTokens(command, now, async (tokens) => {
    const all = await tokens.list()
    for (const token of all.toSorted((a, b) => a.createdAt - b.createdAt)) io.stdout.write(`${describe(token, now)}\n`)
    io.stderr.write(`${counted(all.length, 'token')}\n`)
    return 0
  })
}

/**
 * Makes tokens worth nothing.
 * @returns 0, or 1 where one is not there or was revoked before
 * @throws UsageError for what is no id; NothingRunningError, StoreUnavailableError
 */
export async function revokeTokens(
  command: TablesOptions & { ids: readonly string[] },
  io: Io,
  now = Date.now(),
): Promise<number> {
  const wrong = command.ids.find((id) => !/^[0-9a-f]{16}$/.test(id))
  if (wrong !== undefined) {
    // What was given may be the token itself, and terminals are kept in logs.
    throw new UsageError('A token is named by its id, 16 hex digits: tsdb token list shows them')
  }
  return withTokens(command, now, async (tokens) => {
    let status = 0
    for (const id of command.ids) {
      const done = await tokens.revoke(id)
      if (!done) status = EXIT_NOT_THERE
      const stream = done ? io.stdout : io.stderr
      stream.write(
        `${id}: ${done ? 'revoked; it passes for 30 s more at most' : 'there is no such token, or it is revoked'}\n`,
      )
    }
    return status
  })
}

async function withTokens(
  { data, aws, name }: TablesOptions,
  now: number,
  run: (tokens: TokenStore) => Promise<number>,
): Promise<number> {
  const client = aws
    ? openClient()
    : new DynamoDBClient({ ...LOCAL_ACCESS, endpoint: (await runningServer(data)).dynamoEndpoint, maxAttempts: 1 })
  try {
    const dynamo = new Dynamo({ client, retry: { deadlineMs: DEADLINE_MS } })
    return await run(new TokenStore(dynamo, `${name}-meta`, () => now))
  } finally {
    client.destroy()
  }
}

function parseScopes(text: string): Scope[] {
  return text.split(',').map((word) => {
    const scope = SCOPES.find((known) => known === word.trim())
    if (scope === undefined) throw new UsageError(`--scope ${text} should be some of ${SCOPES.join(', ')}, with commas`)
    return scope
  })
}

const UNIT_S = { h: 3_600, d: 86_400, w: 604_800, y: 31_536_000 }

/** @returns seconds since 1970 */
function parseExpiry(text: string, now: number): number {
  const [, count, unit] = /^(\d{1,6})([hdwy])$/.exec(text) ?? []
  const seconds = unit === 'h' || unit === 'd' || unit === 'w' || unit === 'y' ? UNIT_S[unit] : undefined
  if (count !== undefined && seconds !== undefined) return Math.floor(now / 1000) + Number(count) * seconds
  return Math.floor(parseTime(text, now) / 1000)
}

/** `0123456789abcdef  put,query  sys.*  last used 2026/11/22  expires 2027/02/20  collectors` */
function describe(token: Token, now: number): string {
  const { id, name, scopes, prefixes, lastUsedDay, expiresAt, revokedAt } = token
  const worth =
    revokedAt !== undefined
      ? `revoked ${dayText(revokedAt)}`
      : expiresAt === undefined
        ? 'never expires'
        : `${isWorth(token, Math.floor(now / 1000)) ? 'expires' : 'expired'} ${dayText(expiresAt)}`
  const metrics = prefixes.length === 0 ? 'all metrics' : prefixes.map((prefix) => `${prefix}*`).join(',')
  const used = lastUsedDay === undefined ? 'never used' : `last used ${dayText(lastUsedDay)}`
  return [id, scopes.join(','), metrics, used, worth, name].join('  ')
}

/** 2026/11/22, in UTC. */
function dayText(timeS: number): string {
  return new Date(timeS * 1000).toISOString().slice(0, 10).replaceAll('-', '/')
}
