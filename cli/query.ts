import { isRecord } from '../lib/model/json.ts'
import { Client, refusal } from './client.ts'
import { RefusedError } from './errors.ts'
import { type Io, write } from './io.ts'
import { parseQueryWords } from './query-words.ts'

/** What `tsdb query` was asked to do. */
export interface QueryOptions {
  readonly words: readonly string[]
  readonly url: string
  readonly token?: string | undefined
  /** Times in milliseconds. */
  readonly ms: boolean
}

/** Lines joined before they are written. */
const LINES_A_WRITE = 1000

/**
 * Asks a server and prints a line for each point of the answer, as OpenTSDB's command does:
 * `metric timestamp value {tagk=tagv, ...}`, with every digit as the server gave it.
 * @returns 0
 * @throws UsageError for words that are no query, RefusedError with the server's words, ServerAwayError
 */
export async function query(options: QueryOptions, io: Io): Promise<number> {
  const body = { ...parseQueryWords(options.words), ...(options.ms ? { msResolution: true } : {}) }
  const client = new Client({
    url: options.url,
    token: options.token,
    tries: 4,
    onRetry: (why) => io.stderr.write(`${options.url}: ${why}; trying again\n`),
  })
  const answer = await client.postJson('api/query?arrays', JSON.stringify(body))
  if (answer.status !== 200) throw refusal(answer)

  let lines: string[] = []
  for (const line of answerLines(answer.text)) {
    lines.push(line)
    if (lines.length < LINES_A_WRITE) continue
    await write(io.stdout, lines.join(''))
    lines = []
  }
  await write(io.stdout, lines.join(''))
  return 0
}

/**
 * Takes an answer of /api/query?arrays apart.
 * @yields `metric timestamp value {tagk=tagv}` with a newline, series by series
 * @throws RefusedError where the text is no such answer
 */
export function* answerLines(text: string): Generator<string> {
  const results: unknown = JSON.parse(quoteNumbers(text))
  if (!Array.isArray(results)) throw new RefusedError(200, 'The answer is not a list of time series')
  for (const result of results) {
    if (!isRecord(result) || !isRecord(result.tags) || !Array.isArray(result.dps)) continue
    const tags = Object.entries(result.tags).map(([tagk, tagv]) => `${tagk}=${tagv}`)
    for (const [time, value] of result.dps) yield `${result.metric} ${time} ${value} {${tags.join(', ')}}\n`
  }
}

/**
 * Puts JSON's numbers into quotes, so that JSON.parse keeps their digits: a double would lose those of a 64-bit integer.
 * NaN and the infinities, which OpenTSDB writes bare, become readable by it too.
 */
export function quoteNumbers(json: string): string {
  return json.replace(/"(?:[^"\\]|\\.)*"|-?(?:\d[\d.eE+-]*|NaN|Infinity)/g, (token) =>
    token.startsWith('"') ? token : `"${token}"`,
  )
}
