import { BadExpressionError } from './errors.ts'
import { type Fields, fieldsOf } from './fields.ts'

/** What stands for a value that is missing. */
export interface NumericFill {
  readonly policy: 'none' | 'nan' | 'null' | 'zero' | 'scalar'
  readonly value: number
}

const POLICIES: ReadonlyMap<string, NumericFill['policy']> = new Map([
  ['none', 'none'],
  ['nan', 'nan'],
  ['null', 'null'],
  ['zero', 'zero'],
  ['scalar', 'scalar'],
])

/**
 * The field `fillPolicy`, `{policy, value}`; either says the other where one is left out.
 * @throws BadExpressionError where they contradict each other
 */
export function fillAt(fields: Fields): NumericFill | undefined {
  const given = fields.fillPolicy
  if (given === undefined || given === null) return undefined
  const { policy: name, value: text } = fieldsOf(given, 'fillPolicy')
  const value = text === undefined || text === null ? undefined : Number(text)
  if (typeof text === 'object' && text !== null) throw new BadExpressionError('value of fillPolicy must be a number')
  if (name === undefined || name === null) return { policy: policyOf(value ?? 0), value: value ?? 0 }
  const policy = POLICIES.get(String(name).toLowerCase())
  if (policy === undefined) throw new BadExpressionError(`Unrecognized fill policy: ${name}`)
  if (policy === 'scalar') return { policy, value: value ?? 0 }
  const own = policy === 'zero' ? 0 : Number.NaN
  // Absent and 0 look alike to OpenTSDB, so 0 is taken for every policy.
  if (value !== undefined && value !== 0 && !Object.is(value, own)) {
    throw new BadExpressionError(`The value ${text} can't go with the fill policy ${policy}, which is ${own}`)
  }
  return { policy, value: own }
}

function policyOf(value: number): NumericFill['policy'] {
  if (Number.isNaN(value)) return 'nan'
  return value === 0 ? 'zero' : 'scalar'
}
