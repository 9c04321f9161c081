import { BadExpressionError, checkDepth, checkLength, type ExpressionLimits } from './errors.ts'

/** A call of a function: of the results of queries and of other calls, then of parameters. */
export interface Call {
  readonly name: string
  /** A call, or a metric query as `m=` has it: `sum:1m-avg:rate:sys.cpu{host=*}`. */
  readonly inputs: readonly (Call | string)[]
  readonly parameters: readonly string[]
}

const WORD = /\*|[A-Za-z0-9_#/$@|.'[\]-]+/y
const SPACE = /[ \t\r\n]*/y

/**
 * Reads `NAME(INPUT, ..., PARAMETER, ...)`, where an input is a call itself or `AGGREGATOR:[INTERVAL-AGGREGATOR:][rate:]METRIC[{TAG=VALUE,...}]`.
 * The words are OpenTSDB's: a value is a word or a star, so it can't be a filter such as `wildcard(web*)`.
 * @throws BadExpressionError where the text is anything else, LimitExceededError
 */
export function parseCall(text: string, limits: ExpressionLimits): Call {
  checkLength(text, limits)
  const parser = new CallParser(text, limits)
  return parser.parse()
}

class CallParser {
  readonly #text: string
  readonly #limits: ExpressionLimits
  #at = 0

  constructor(text: string, limits: ExpressionLimits) {
    this.#text = text
    this.#limits = limits
  }

  parse(): Call {
    const call = this.#call(this.#word(), 1)
    this.#space()
    if (this.#at < this.#text.length) throw this.#error()
    return call
  }

  #call(name: string, depth: number): Call {
    checkDepth(depth, this.#limits)
    this.#expect('(')
    const inputs: (Call | string)[] = []
    const parameters: string[] = []
    do {
      const word = this.#word()
      const isCall = this.#sees('(')
      if (!isCall && !this.#sees(':')) parameters.push(word)
      else if (parameters.length > 0) {
        throw new BadExpressionError(`Failed to parse ${this.#text}`, `${name} takes its parameters after its series`)
      } else inputs.push(isCall ? this.#call(word, depth + 1) : this.#metric(word))
    } while (this.#takes(','))
    this.#expect(')')
    return { name, inputs, parameters }
  }

  #metric(aggregator: string): string {
    const parts = [aggregator]
    while (this.#takes(':')) parts.push(this.#word())
    // the aggregator, at most an interval and a rate, and the metric
    if (parts.length > 4) throw this.#error()
    const text = parts.join(':')
    if (!this.#takes('{')) return text
    const tags: string[] = []
    do {
      const tagk = this.#word()
      this.#expect('=')
      tags.push(`${tagk}=${this.#word()}`)
    } while (this.#takes(','))
    this.#expect('}')
    return `${text}{${tags.join()}}`
  }

  #word(): string {
    this.#space()
    WORD.lastIndex = this.#at
    const word = WORD.exec(this.#text)?.[0]
    if (word === undefined) throw this.#error()
    this.#at += word.length
    return word
  }

  #sees(symbol: string): boolean {
    this.#space()
    return this.#text[this.#at] === symbol
  }

  #takes(symbol: string): boolean {
    const seen = this.#sees(symbol)
    if (seen) this.#at++
    return seen
  }

  #expect(symbol: string): void {
    if (!this.#takes(symbol)) throw this.#error()
  }

  #space(): void {
    SPACE.lastIndex = this.#at
    this.#at += SPACE.exec(this.#text)?.[0].length ?? 0
  }

  #error(): BadExpressionError {
    return new BadExpressionError(`Failed to parse ${this.#text}`, `It goes wrong at character ${this.#at + 1}`)
  }
}
