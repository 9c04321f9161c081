import { BadExpressionError } from './errors.ts'

// What formulas compute with. OpenTSDB evaluates them by Apache JEXL 2.1, and these are its rules: whole numbers divide as
// whole numbers, NaN is less than everything and equal to itself, a division by zero gives 0.

/** A decimal literal without a suffix: a 32-bit float, which becomes a double once something is computed with it. */
export class SingleFloat {
  readonly value: number

  /** @param value the shortest decimal that stands for the 32-bit float */
  constructor(value: number) {
    this.value = value
  }
}

/** A double, a whole number as literals are, a literal float, or a truth value. */
export type FormulaValue = number | bigint | SingleFloat | boolean

/** Operators between two values, but for those that look at the second only where they must. */
export type BinaryOperator = '+' | '-' | '*' | '/' | '%' | '<' | '<=' | '>' | '>=' | '==' | '!='

/**
 * The nearest 32-bit float of a decimal, as the double that its shortest decimal stands for.
 * @example singleOf(0.1) // 0.1, where Math.fround(0.1) is 0.10000000149011612
 */
export function singleOf(value: number): SingleFloat {
  const single = Math.fround(value)
  for (let digits = 1; digits <= 9; digits++) {
    const shorter = Number(single.toPrecision(digits))
    if (Math.fround(shorter) === single) return new SingleFloat(shorter)
  }
  return new SingleFloat(single)
}

/** What a value counts as in a condition: neither 0 nor NaN is true. */
export function isTrue(value: FormulaValue): boolean {
  if (typeof value === 'boolean') return value
  if (typeof value === 'bigint') return value !== 0n
  const number = typeof value === 'number' ? value : value.value
  return !Number.isNaN(number) && number !== 0
}

/** The value with its sign changed; of a truth value, its opposite. */
export function negate(value: FormulaValue): FormulaValue {
  if (typeof value === 'boolean') return !value
  if (typeof value === 'object') return new SingleFloat(-value.value)
  return -value
}

/**
 * Computes or compares two values.
 * @throws BadExpressionError where a truth value is to be computed with
 */
export function apply(operator: BinaryOperator, left: FormulaValue, right: FormulaValue): FormulaValue {
  if (operator === '==') return areEqual(left, right)
  if (operator === '!=') return !areEqual(left, right)
  if (operator === '<') return compare(left, right) < 0
  if (operator === '<=') return compare(left, right) <= 0
  if (operator === '>') return compare(left, right) > 0
  if (operator === '>=') return compare(left, right) >= 0
  if (typeof left === 'bigint' && typeof right === 'bigint') return computeWhole(operator, left, right)
  return computeDouble(operator, toDouble(left), toDouble(right))
}

function areEqual(left: FormulaValue, right: FormulaValue): boolean {
  if (typeof left === 'boolean' || typeof right === 'boolean') return isTrue(left) === isTrue(right)
  return compare(left, right) === 0
}

/** @returns below, above or equal to 0 as `left` is less than, greater than or equal to `right` */
function compare(left: FormulaValue, right: FormulaValue): number {
  if (typeof left === 'bigint' && typeof right === 'bigint') return left < right ? -1 : left > right ? 1 : 0
  if (typeof left === 'boolean' && typeof right === 'boolean') return Number(left) - Number(right)
  const [a, b] = [toDouble(left), toDouble(right)]
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : -1
  if (Number.isNaN(b)) return 1
  return a < b ? -1 : a > b ? 1 : 0
}

type Arithmetic = '+' | '-' | '*' | '/' | '%'

function computeDouble(operator: Arithmetic, left: number, right: number): number {
  if (operator === '+') return left + right
  if (operator === '-') return left - right
  if (operator === '*') return left * right
  if (right === 0) return 0
  return operator === '/' ? left / right : left % right
}

function computeWhole(operator: Arithmetic, left: bigint, right: bigint): FormulaValue {
  if (operator === '+') return left + right
  if (operator === '-') return left - right
  if (operator === '*') return left * right
  if (right === 0n) return 0
  return operator === '/' ? left / right : left % right
}

function toDouble(value: FormulaValue): number {
  if (typeof value === 'number') return value
  if (typeof value === 'bigint') return Number(value)
  if (typeof value === 'object') return value.value
  throw new BadExpressionError('A comparison gives true or false, which can be tested but not be computed with')
}
