import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseFormula } from '../../../lib/expression/formula.ts'

const LIMITS = { expressionLength: 1000, expressionDepth: 64 }

/** The result of a formula over named values. */
function evaluate(text: string, values: Record<string, number> = { a: 1 }): number {
  const formula = parseFormula(text, LIMITS)
  return formula.evaluate(Float64Array.from(formula.variables, (name) => values[name] ?? Number.NaN))
}

const refused = (text: string, values?: Record<string, number>) => expect(() => evaluate(text, values), text)

describe('formulas', () => {
  test('operators bind as in C: the strongest first, and from the left', () => {
    expect(evaluate('a + 2 * 3')).toBe(7)
    expect(evaluate('a - 2 - 3')).toBe(-4)
    expect(evaluate('(a - 2) * -3')).toBe(3)
    expect(evaluate('a < 2 == true && !(a > 2) || a / 0 > 5')).toBe(1)
    expect(evaluate('12.0 / a / 2 % 4')).toBe(2)
  })

  test('words stand for operators', () => {
    expect(evaluate('not (a gt 2) and a ne 0 or a lt 0')).toBe(1)
    expect(evaluate('7 mod (a + 4) div 2')).toBe(1)
    expect(evaluate('a le 1 eq (a ge 1)')).toBe(1)
  })

  test('a division by zero and its remainder are 0', () => {
    expect(evaluate('a / 0')).toBe(0)
    expect(evaluate('a % 0.0')).toBe(0)
    expect(evaluate('a + 1 / 0')).toBe(1)
  })

  test('whole literals divide as whole numbers', () => {
    expect(evaluate('1 / 2 * a')).toBe(0)
    expect(evaluate('1.0 / 2 * a')).toBe(0.5)
    expect(evaluate('-7 / 2 + a')).toBe(-2)
    expect(evaluate('1000000000000 * 1000000000000 + a')).toBe(1e24)
  })

  test('a decimal literal is a 32-bit float by its shortest digits, with a d a double', () => {
    expect(evaluate('a * 0.1')).toBe(0.1)
    expect(evaluate('a * 1.23456789')).toBe(1.2345679)
    expect(evaluate('a * 1.23456789d')).toBe(1.23456789)
  })

  test('NaN is less than everything, equal to itself and not true', () => {
    const nan = { a: Number.NaN, b: 21 }
    expect(evaluate('b > a', nan)).toBe(1)
    expect(evaluate('a < b', nan)).toBe(1)
    expect(evaluate('a >= b', nan)).toBe(0)
    expect(evaluate('a == a', nan)).toBe(1)
    expect(evaluate('a != b', nan)).toBe(1)
    expect(evaluate('b && a', nan)).toBe(0)
    expect(evaluate('!a', nan)).toBe(1)
    expect(evaluate('b + a', nan)).toBeNaN()
  })

  test('a choice gives one of two values, or the first that is true', () => {
    expect(evaluate('a ? b : 0.0d', { a: 2, b: 3 })).toBe(3)
    expect(evaluate('a > 2 ? b : a < 0 ? -a : a * 10', { a: 2, b: 3 })).toBe(20)
    expect(evaluate('a ?: b', { a: 0, b: 3 })).toBe(3)
  })

  test('a bare literal is no result, whatever it is, but only where it is the result', () => {
    refused('a ? b : 0', { a: 0, b: 3 }).toThrow(/bare number/)
    refused('a ? b : 0.5', { a: 0, b: 3 }).toThrow(/bare number/)
    expect(evaluate('a ? b : 0', { a: 1, b: 3 })).toBe(3)
  })

  test('truth values can be tested and compared, not computed with', () => {
    expect(evaluate('(a > 0) == (a < 2)')).toBe(1)
    expect(evaluate('(a > 2) < true')).toBe(1)
    refused('(a > 0) * 2').toThrow(/true or false/)
    refused('(a > 0) > 2').toThrow(/true or false/)
  })

  test('what goes wrong is named by its place', () => {
    refused('a +').toThrow("Parsing error at character 4 of 'a +'")
    refused('a b').toThrow('character 3')
    refused('(a').toThrow('character 3')
    refused('a & b').toThrow('character 3')
    refused('a ? b').toThrow('character 6')
    refused('').toThrow('character 1')
    refused('1 + 1').toThrow(/does not name any series/)
  })

  test('functions are refused by name', () => {
    refused('min(a,b)').toThrow(expect.objectContaining({ details: expect.stringContaining('function min') }))
  })

  test('length and depth are limited', () => {
    refused(`a${'+1'.repeat(500)}`).toThrow(/expressionLength/)
    refused(`${'('.repeat(100)}a`).toThrow(/expressionDepth/)
    refused(`${'-'.repeat(100)}a`).toThrow(/expressionDepth/)
  })

  test('doubles are computed as in JavaScript, whatever the formula', () => {
    const value = fc.double()
    const leaf = fc.constantFrom('a', 'b', 'c')
    const { tree } = fc.letrec<{ tree: string }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 5 },
        leaf,
        fc
          .tuple(tie('tree'), fc.constantFrom('+', '-', '*'), tie('tree'))
          .map(([left, operator, right]) => `(${left} ${operator} ${right})`),
        tie('tree').map((inner) => `(- ${inner})`),
      ),
    }))
    fc.assert(
      fc.property(tree, value, value, value, (text, a, b, c) => {
        const plain = new Function('a', 'b', 'c', `return ${text}`) as (...values: number[]) => number
        expect(evaluate(text, { a, b, c })).toBe(plain(a, b, c))
      }),
      { numRuns: 1000 },
    )
  })

  test('any text is either read or refused on purpose', () => {
    const pieces = fc.constantFrom('a', 'b', '1', '2.5', '0.0d', ...'+-*/%<>!?:() '.split(''), '&&', '==', '?:', 'and')
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        try {
          evaluate(parts.join(' '), { a: 1, b: 0 })
        } catch (error) {
          expect(error).toMatchObject({ code: 'expression.bad' })
        }
      }),
      { numRuns: 2000 },
    )
  })
})
