import { BadExpressionError, checkDepth, checkLength, type ExpressionLimits } from './errors.ts'
import { syntaxError, type Token, tokenise } from './formula-tokens.ts'
import { apply, type BinaryOperator, type FormulaValue, isTrue, negate } from './formula-values.ts'

/** A formula over series, ready to be evaluated. */
export interface Formula {
  /** As it was written. */
  readonly text: string
  /** Names of series that it uses, each once, in the order in which they first come. */
  readonly variables: readonly string[]
  /**
   * The result for one value of each variable.
   * @param values in the order of `variables`
   * @returns a double; of a comparison 1 or 0
   * @throws BadExpressionError where the result is a bare literal, or truth values are computed with
   */
  evaluate(values: Float64Array): number
}

type Evaluator = (values: Float64Array) => FormulaValue

/**
 * Reads a formula such as `(a + b) / 2 > c`. From the weakest to the strongest: `? :` and `?:`, `||`, `&&`, `== !=`,
 * `< <= > >=`, `+ -`, `* / %`, and before a value `- !`; or as words `or and eq ne lt le gt ge div mod not`.
 * @throws BadExpressionError naming the place where it goes wrong, LimitExceededError
 */
export function parseFormula(text: string, limits: ExpressionLimits): Formula {
  checkLength(text, limits)
  const parser = new FormulaParser(text, limits)
  const evaluator = parser.parse()
  const { variables } = parser
  if (variables.length === 0) throw new BadExpressionError(`The expression '${text}' does not name any series`)
  return { text, variables, evaluate: (values) => resultOf(evaluator(values), text) }
}

/** As in OpenTSDB, a literal is no result: which type it has is an accident of how it is written. */
function resultOf(value: FormulaValue, text: string): number {
  if (typeof value === 'number') return value
  if (typeof value === 'boolean') return value ? 1 : 0
  throw new BadExpressionError(
    `The expression '${text}' gives a bare number`,
    'Write a number that may be a result as a double: 0.0d and not 0',
  )
}

/** The binary operators, the weakest first; all but these have one way to be read. */
const LEVELS: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['==', '!='],
  ['<', '<=', '>', '>='],
  ['+', '-'],
  ['*', '/', '%'],
]

/** Recursive descent: a method for each kind of part, an evaluator for each part. */
class FormulaParser {
  readonly #text: string
  readonly #limits: ExpressionLimits
  readonly #tokens: readonly Token[]
  readonly variables: string[] = []
  #next = 0
  #depth = 0

  constructor(text: string, limits: ExpressionLimits) {
    this.#text = text
    this.#limits = limits
    this.#tokens = tokenise(text)
  }

  parse(): Evaluator {
    const evaluator = this.#choice()
    if (this.#next < this.#tokens.length) throw this.#error()
    return evaluator
  }

  #choice(): Evaluator {
    return this.#nested(() => {
      const test = this.#binary(0)
      if (this.#takes('?:')) {
        const otherwise = this.#choice()
        return (values) => {
          const value = test(values)
          return isTrue(value) ? value : otherwise(values)
        }
      }
      if (!this.#takes('?')) return test
      const yes = this.#choice()
      if (!this.#takes(':')) throw this.#error()
      const no = this.#choice()
      return (values) => (isTrue(test(values)) ? yes(values) : no(values))
    })
  }

  #binary(level: number): Evaluator {
    const operators = LEVELS[level]
    if (operators === undefined) return this.#unary()
    let left = this.#binary(level + 1)
    for (;;) {
      const operator = operators.find((each) => this.#takes(each))
      if (operator === undefined) return left
      left = combine(operator, left, this.#binary(level + 1))
    }
  }

  #unary(): Evaluator {
    return this.#nested(() => {
      if (this.#takes('-')) {
        const operand = this.#unary()
        return (values) => negate(operand(values))
      }
      if (this.#takes('!')) {
        const operand = this.#unary()
        return (values) => !isTrue(operand(values))
      }
      return this.#value()
    })
  }

  #value(): Evaluator {
    const token = this.#tokens[this.#next]
    if (token?.kind === 'literal') {
      this.#next++
      return () => token.value
    }
    if (token?.kind === 'name') {
      this.#next++
      if (this.#takes('(')) {
        throw syntaxError(this.#text, token.at, `There is no function ${token.name}: expressions have operators only`)
      }
      const slot = this.#slotOf(token.name)
      return (values) => values[slot]!
    }
    if (!this.#takes('(')) throw this.#error()
    const inner = this.#choice()
    if (!this.#takes(')')) throw this.#error()
    return inner
  }

  #slotOf(name: string): number {
    const known = this.variables.indexOf(name)
    return known >= 0 ? known : this.variables.push(name) - 1
  }

  #takes(operator: string): boolean {
    const token = this.#tokens[this.#next]
    if (token?.kind !== 'operator' || token.operator !== operator) return false
    this.#next++
    return true
  }

  #nested(parse: () => Evaluator): Evaluator {
    checkDepth(++this.#depth, this.#limits)
    const evaluator = parse()
    this.#depth--
    return evaluator
  }

  #error(): BadExpressionError {
    return syntaxError(this.#text, this.#tokens[this.#next]?.at ?? this.#text.length)
  }
}

function combine(operator: string, left: Evaluator, right: Evaluator): Evaluator {
  if (operator === '&&') return (values) => isTrue(left(values)) && isTrue(right(values))
  if (operator === '||') return (values) => isTrue(left(values)) || isTrue(right(values))
  const known = operator as BinaryOperator // LEVELS has no others
  return (values) => apply(known, left(values), right(values))
}
