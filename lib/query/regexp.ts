import { BadRegexError, compileRegex } from '../model/regex.ts'
import { BadQueryError } from './errors.ts'

/**
 * Compiles a regular expression of a filter, to be found anywhere in a text: lib/model/regex.ts.
 * @throws BadQueryError naming what is wrong or not supported
 */
export function compileRegexp(expression: string): (text: string) => boolean {
  try {
    const compiled = compileRegex(expression)
    return (text) => compiled.test(text)
  } catch (error) {
    if (error instanceof BadRegexError) throw new BadQueryError(error.message)
    throw error
  }
}
