import type {
  GetItemCommandInput,
  PutItemCommandInput,
  QueryCommandInput,
  UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb'
import { CorruptDataError } from '../model/errors.ts'
import { nameFault } from '../model/names.ts'
import { bytesAt, numberAt, textAt } from '../store/attributes.ts'
import { type Dynamo, IS_NEW, type Item, keyOf, numberOf, TTL_ATTRIBUTE } from '../store/dynamo.ts'
import { ConditionFailedError } from '../store/errors.ts'
import { decodeTokenKey, tokenKey } from '../store/keys.ts'
import { BadTokenError } from './errors.ts'
import { type Grant, type Scope, scopesOf } from './grant.ts'
import { formatToken, hashSecret, isSecret, newToken, parseToken } from './token.ts'

/** What a token is to be. */
export interface TokenRequest {
  /** What people call it: for whom or what it is. */
  readonly name: string
  /** At least one. */
  readonly scopes: readonly Scope[]
  /** Beginnings of the names of metrics that it is limited to; none: all metrics. */
  readonly prefixes: readonly string[]
  /** Seconds since 1970 from which on it is worth nothing; undefined: never. */
  readonly expiresAt: number | undefined
}

/** A token as it is stored; the secret is not. */
export interface Token extends TokenRequest, Grant {
  /** 16 hex digits. */
  readonly id: string
  /** SHA-256 of the secret. */
  readonly hash: Uint8Array
  /** Seconds since 1970. */
  readonly createdAt: number
  /** Seconds since 1970 at which it was revoked. */
  readonly revokedAt: number | undefined
  /** Seconds since 1970, the start of the UTC day on which it was last used. */
  readonly lastUsedDay: number | undefined
}

/** Characters of a token's name. */
export const TOKEN_NAME_LENGTH = 64
/** Prefixes of a token, and the UTF-8 bytes of each: the authorizer hands them to the functions with each request. */
export const TOKEN_PREFIXES = 16
export const TOKEN_PREFIX_BYTES = 128

const DAY_S = 86_400
/** Seconds that a token is still listed once it is worth nothing. */
const KEPT_S = 90 * DAY_S

/** Tokens in tsdb-meta: all of them in one partition, so that they are listed without a scan. */
export class TokenStore {
  readonly #dynamo: Dynamo
  readonly #table: string
  readonly #clock: () => number

  /** @param clock milliseconds since 1970 */
  constructor(dynamo: Dynamo, table: string, clock: () => number = Date.now) {
    this.#dynamo = dynamo
    this.#table = table
    this.#clock = clock
  }

  /**
   * Makes a token.
   * @returns it, and its text, which is nowhere else
   * @throws BadTokenError, StoreUnavailableError
   */
  async create(request: TokenRequest): Promise<{ readonly token: Token; readonly text: string }> {
    const now = this.#nowS()
    checkRequest(request, now)
    const parts = newToken()
    const token: Token = {
      ...request,
      id: parts.id,
      hash: hashSecret(parts.secret),
      createdAt: now,
      revokedAt: undefined,
      lastUsedDay: undefined,
    }
    await this.#dynamo.put(putTokenInput(this.#table, token))
    return { token, text: formatToken(parts) }
  }

  /**
   * The token that a text is, where it is worth something now. Read strongly consistently: a revoked one is worth nothing
   * from that moment on.
   * @throws StoreUnavailableError
   */
  async find(text: string): Promise<Token | undefined> {
    const parts = parseToken(text)
    if (parts === undefined) return undefined
    const item = await this.#dynamo.get(getTokenInput(this.#table, parts.id))
    const token = item === undefined ? undefined : tokenOf(item)
    // Compared also where there is none, so that the time does not tell either.
    const fits = isSecret(parts.secret, token?.hash ?? NO_HASH)
    return fits && token !== undefined && isWorth(token, this.#nowS()) ? token : undefined
  }

  /**
   * Notes that a token was used: one write a day, whoever else does so at the same time.
   * @throws StoreUnavailableError
   */
  async noteUse(token: Token): Promise<void> {
    const now = this.#nowS()
    const day = now - (now % DAY_S)
    if (token.lastUsedDay !== undefined && token.lastUsedDay >= day) return
    await this.#unlessGone(noteUseInput(this.#table, token.id, day))
  }

  /**
   * All tokens, also those that are worth nothing any more, for 90 days; by their ids.
   * @throws StoreUnavailableError
   */
  async list(): Promise<Token[]> {
    const tokens: Token[] = []
    for await (const page of this.#dynamo.query(listTokensInput(this.#table))) tokens.push(...page.map(tokenOf))
    return tokens
  }

  /**
   * Makes a token worth nothing.
   * @returns whether there was one that was not revoked yet
   * @throws StoreUnavailableError
   */
  async revoke(id: string): Promise<boolean> {
    return this.#unlessGone(revokeInput(this.#table, id, this.#nowS()))
  }

  async #unlessGone(input: UpdateItemCommandInput): Promise<boolean> {
    try {
      await this.#dynamo.update(input)
      return true
    } catch (error) {
      if (error instanceof ConditionFailedError) return false
      throw error
    }
  }

  #nowS(): number {
    return Math.floor(this.#clock() / 1000)
  }
}

const NO_HASH = new Uint8Array(32)

/** Whether a token is worth something. @param now seconds since 1970 */
export function isWorth({ revokedAt, expiresAt }: Token, now: number): boolean {
  return revokedAt === undefined && (expiresAt === undefined || now < expiresAt)
}

function checkRequest({ name, scopes, prefixes, expiresAt }: TokenRequest, now: number): void {
  if (!/^\S(.*\S)?$/.test(name) || name.length > TOKEN_NAME_LENGTH) {
    throw new BadTokenError('name', `1 to ${TOKEN_NAME_LENGTH} characters in one line, without blanks around them`)
  }
  if (scopes.length === 0) throw new BadTokenError('scopes', 'at least one of put, query and admin')
  if (prefixes.length > TOKEN_PREFIXES) throw new BadTokenError('prefixes', `at most ${TOKEN_PREFIXES}`)
  for (const prefix of prefixes) {
    const fault = nameFault('prefix', prefix, TOKEN_PREFIX_BYTES)
    if (fault !== undefined) throw new BadTokenError('prefixes', `beginnings of metrics. ${fault}`)
  }
  if (expiresAt !== undefined && !(expiresAt > now)) throw new BadTokenError('expiry', 'in the future')
}

export function putTokenInput(table: string, token: Token): PutItemCommandInput {
  const { expiresAt } = token
  return {
    TableName: table,
    Item: {
      ...keyOf(tokenKey(token.id)),
      name: { S: token.name },
      hash: { B: token.hash },
      scopes: { S: token.scopes.join(',') },
      // A list and no text, which may not be empty in every DynamoDB; without it the item is no token.
      prefixes: { L: token.prefixes.map((prefix) => ({ S: prefix })) },
      createdAt: numberOf(token.createdAt),
      ...(expiresAt !== undefined && {
        expiresAt: numberOf(expiresAt),
        [TTL_ATTRIBUTE]: numberOf(expiresAt + KEPT_S),
      }),
    },
    ConditionExpression: IS_NEW,
  }
}

export function getTokenInput(table: string, id: string): GetItemCommandInput {
  return { TableName: table, Key: keyOf(tokenKey(id)), ConsistentRead: true }
}

export function listTokensInput(table: string): QueryCommandInput {
  return {
    TableName: table,
    KeyConditionExpression: 'pk = :tokens',
    ExpressionAttributeValues: { ':tokens': { B: tokenKey('').pk } },
    ConsistentRead: true,
  }
}

export function noteUseInput(table: string, id: string, day: number): UpdateItemCommandInput {
  return {
    TableName: table,
    Key: keyOf(tokenKey(id)),
    UpdateExpression: 'SET lastUsedDay = :day',
    // What was deleted meanwhile must not come back as an item without a hash.
    ConditionExpression: 'attribute_exists(pk) AND (attribute_not_exists(lastUsedDay) OR lastUsedDay < :day)',
    ExpressionAttributeValues: { ':day': numberOf(day) },
  }
}

export function revokeInput(table: string, id: string, now: number): UpdateItemCommandInput {
  return {
    TableName: table,
    Key: keyOf(tokenKey(id)),
    UpdateExpression: 'SET revokedAt = :now, #ttl = :gone',
    ConditionExpression: 'attribute_exists(pk) AND attribute_not_exists(revokedAt)',
    ExpressionAttributeNames: { '#ttl': TTL_ATTRIBUTE },
    ExpressionAttributeValues: { ':now': numberOf(now), ':gone': numberOf(now + KEPT_S) },
  }
}

/** @throws CorruptDataError where there is no list, which would make a limited token an unlimited one */
function prefixesOf(item: Item): string[] {
  const list = item.prefixes?.L
  if (list === undefined) throw new CorruptDataError('token', 'prefixes is not a list')
  return list.map((prefix) => {
    if (prefix.S === undefined) throw new CorruptDataError('token', 'prefixes is not a list of texts')
    return prefix.S
  })
}

function tokenOf(item: Item): Token {
  const optional = (name: string) => (item[name] === undefined ? undefined : numberAt(item, name))
  return {
    id: decodeTokenKey(bytesAt(item, 'sk')),
    name: textAt(item, 'name'),
    hash: bytesAt(item, 'hash'),
    scopes: scopesOf(textAt(item, 'scopes')),
    prefixes: prefixesOf(item),
    createdAt: numberAt(item, 'createdAt'),
    expiresAt: optional('expiresAt'),
    revokedAt: optional('revokedAt'),
    lastUsedDay: optional('lastUsedDay'),
  }
}
