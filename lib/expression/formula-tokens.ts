import { BadExpressionError } from './errors.ts'
import { type FormulaValue, singleOf } from './formula-values.ts'

/** A piece of a formula. */
export type Token =
  | { readonly kind: 'literal'; readonly at: number; readonly value: FormulaValue }
  | { readonly kind: 'name'; readonly at: number; readonly name: string }
  | { readonly kind: 'operator'; readonly at: number; readonly operator: string }

const NUMBER = /(\d+\.\d+|\.\d+|\d+)(?:[eE][+-]?\d+)?[dDfFlL]?/y
const NAME = /[A-Za-z_$@][A-Za-z0-9_$@]*/y
const OPERATOR = /&&|\|\||==|!=|<=|>=|\?:|[-+*/%<>!?:(),]/y
const SPACE = /\s+/y

/** Operators that are words. */
const WORDS: ReadonlyMap<string, string> = new Map([
  ['and', '&&'],
  ['or', '||'],
  ['not', '!'],
  ['eq', '=='],
  ['ne', '!='],
  ['lt', '<'],
  ['le', '<='],
  ['gt', '>'],
  ['ge', '>='],
  ['div', '/'],
  ['mod', '%'],
])

/**
 * Cuts a formula into its pieces.
 * @throws BadExpressionError naming the place where there is something else
 */
export function tokenise(text: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    const found = pattern.exec(text)?.[0]
    at += found?.length ?? 0
    return found
  }
  while (at < text.length) {
    if (take(SPACE) !== undefined) continue
    const start = at
    const number = take(NUMBER)
    if (number !== undefined) {
      tokens.push({ kind: 'literal', at: start, value: literalOf(number) })
      continue
    }
    const name = take(NAME)
    if (name !== undefined) {
      tokens.push(wordOf(name, start))
      continue
    }
    const operator = take(OPERATOR)
    if (operator === undefined) throw syntaxError(text, start)
    tokens.push({ kind: 'operator', at: start, operator })
  }
  return tokens
}

/** The error of a formula that goes wrong at an index into it. */
export function syntaxError(text: string, at: number, details?: string): BadExpressionError {
  return new BadExpressionError(`Parsing error at character ${at + 1} of '${text}'`, details)
}

function wordOf(name: string, at: number): Token {
  if (name === 'true' || name === 'false') return { kind: 'literal', at, value: name === 'true' }
  const operator = WORDS.get(name)
  return operator === undefined ? { kind: 'name', at, name } : { kind: 'operator', at, operator }
}

/** Digits alone are a whole number; with a point or an exponent a 32-bit float, unless `d` makes it a double. */
function literalOf(text: string): FormulaValue {
  const suffix = /[dDfFlL]$/.exec(text)?.[0].toLowerCase()
  const digits = suffix === undefined ? text : text.slice(0, -1)
  if (suffix === 'd') return Number(digits)
  const isWhole = /^\d+$/.test(digits) && suffix !== 'f'
  return isWhole ? BigInt(digits) : singleOf(Number(digits))
}
