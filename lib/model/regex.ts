import { RE2JS, RE2JSException } from 're2js'
import { BadRequestError } from './errors.ts'

/** When a regular expression is none, or says what can't be matched in linear time. */
export class BadRegexError extends BadRequestError {
  constructor(expression: string, why: string) {
    super('regex.bad', `Bad regular expression '${expression}': ${why}`)
  }
}

/**
 * Compiles a regular expression as Java writes it. It runs on RE2, whose time grows with the length of the text alone, whatever
 * the expression says.
 *
 * Java's syntax that RE2 has under other names is rewritten: `\p{Alpha}` and the other ASCII classes, `\p{IsLatin}`, `\u0041`, `\Z`.
 * What RE2 would read as something else, or can't do at all, is refused.
 * @throws BadRegexError naming what is wrong or not supported
 */
export function compileRegex(expression: string): RE2JS {
  const translated = new Translation(expression).run()
  try {
    return RE2JS.compile(translated)
  } catch (cause) {
    if (!(cause instanceof RE2JSException)) throw cause
    throw refusal(expression, cause.message.replace(/^error parsing regexp: /, ''))
  }
}

function refusal(expression: string, why: string): BadRegexError {
  return new BadRegexError(expression, why)
}

/** Java's names of classes of ASCII characters and what POSIX calls them. */
const ASCII_CLASSES: ReadonlyMap<string, string> = new Map(
  [
    'Lower',
    'Upper',
    'ASCII',
    'Alpha',
    'Digit',
    'Alnum',
    'Punct',
    'Graph',
    'Print',
    'Blank',
    'Cntrl',
    'XDigit',
    'Space',
  ].map((name) => [name, name.toLowerCase()]),
)

/** Groups that only an engine which goes back over the text can match. */
const GROUPS: readonly (readonly [start: string, name: string])[] = [
  ['(?=', 'look-ahead'],
  ['(?!', 'look-ahead'],
  ['(?<=', 'look-behind'],
  ['(?<!', 'look-behind'],
  ['(?>', 'an atomic group'],
]

/** One pass over an expression, from Java's syntax to RE2's. */
class Translation {
  readonly #expression: string
  #at = 0
  #inClass = false
  #out = ''

  constructor(expression: string) {
    this.#expression = expression
  }

  run(): string {
    while (this.#at < this.#expression.length) {
      if (this.#expression[this.#at] === '\\') this.#escape()
      else if (this.#inClass) this.#member()
      else this.#plain()
    }
    return this.#out
  }

  /** Passes on as many characters as they are. */
  #keep(length: number): void {
    this.#replace(length, this.#expression.slice(this.#at, this.#at + length))
  }

  #replace(length: number, text: string): void {
    this.#out += text
    this.#at += length
  }

  #plain(): void {
    for (const [start, name] of GROUPS) {
      if (this.#expression.startsWith(start, this.#at)) throw this.#unsupported(name, start)
    }
    // a bracket that comes first is a member, and does not end the class
    const opening = /^\[\^?\]?/.exec(this.#expression.slice(this.#at, this.#at + 3))?.[0]
    if (opening !== undefined) this.#inClass = true
    this.#keep(opening?.length ?? 1)
  }

  #member(): void {
    const rest = this.#expression.slice(this.#at, this.#at + 2)
    if (rest.startsWith('[')) throw this.#unsupported('a class within a class', rest)
    if (rest === '&&') throw this.#unsupported('an intersection of classes', rest)
    if (rest.startsWith(']')) this.#inClass = false
    this.#keep(1)
  }

  #escape(): void {
    const rest = this.#expression.slice(this.#at)
    const reference = /^\\([1-9]|k<)/.exec(rest)
    if (reference !== null) throw this.#unsupported('a back reference', reference[0])
    const property = /^\\([pP])\{(\w+)\}/.exec(rest)
    const unicode = /^\\u([0-9a-fA-F]{4})/.exec(rest)
    if (property !== null) this.#property(property[0], property[1] === 'P', property[2] ?? '')
    else if (unicode !== null) this.#replace(6, `\\x{${unicode[1]}}`)
    // names have no line ends, before which Java's \Z matches as well
    else if (rest.startsWith('\\Z')) this.#replace(2, '\\z')
    else if (rest.startsWith('\\Q')) this.#keep(rest.includes('\\E') ? rest.indexOf('\\E') + 2 : rest.length)
    else this.#keep(2)
  }

  #property(text: string, negated: boolean, name: string): void {
    const posix = ASCII_CLASSES.get(name)
    const members = `[:${negated ? '^' : ''}${posix}:]`
    if (posix === undefined) this.#replace(text.length, text.replace('{Is', '{'))
    else this.#replace(text.length, this.#inClass ? members : `[${members}]`)
  }

  #unsupported(what: string, text: string): BadRegexError {
    return refusal(this.#expression, `${what}, ${text}, is not supported`)
  }
}
