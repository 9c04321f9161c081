import { BadRequestError, LimitExceededError } from '../model/errors.ts'
import type { Limits } from '../model/limits.ts'

/** When an expression or what is around it can't be understood: names the part, what it says and the rule. */
export class BadExpressionError extends BadRequestError {
  constructor(message: string, details?: string) {
    super('expression.bad', message, details === undefined ? {} : { details })
  }
}

/** The limits that bound expressions before they are read. */
export type ExpressionLimits = Pick<Limits, 'expressionLength' | 'expressionDepth'>

/** @throws LimitExceededError where a text is longer than an expression may be */
export function checkLength(text: string, { expressionLength }: ExpressionLimits): void {
  if (text.length > expressionLength) {
    throw new LimitExceededError('expressionLength', expressionLength, text.length, 'characters of expression')
  }
}

/** @throws LimitExceededError where an expression is nested deeper than it may be */
export function checkDepth(depth: number, { expressionDepth }: ExpressionLimits): void {
  if (depth > expressionDepth) {
    throw new LimitExceededError('expressionDepth', expressionDepth, `more than ${expressionDepth}`, 'levels')
  }
}
