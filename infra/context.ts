import type { Node } from 'constructs'
import { InvalidContextError, UnknownContextError } from './errors.ts'

/**
 * Reads CDK context by rules. A value comes as text from `-c key=value` and may be typed in cdk.json; both mean the same here.
 * Null and empty text count as not given.
 */
export class ContextReader<Key extends string> {
  readonly #node: Node

  /**
   * @param keys every key that may be given
   * @throws UnknownContextError for a plain word that is not among them; keys of the CDK itself and of plug-ins carry a
   * colon, slash or hyphen
   */
  constructor(node: Node, keys: readonly Key[]) {
    this.#node = node
    const known: readonly string[] = keys
    for (const key of Object.keys(node.getAllContext())) {
      if (/^[A-Za-z]+$/.test(key) && !known.includes(key)) throw new UnknownContextError(key, keys)
    }
  }

  /** The value as given, or undefined. */
  raw(key: Key): unknown {
    const value: unknown = this.#node.tryGetContext(key)
    return value === null || value === '' ? undefined : value
  }

  /**
   * A whole number within bounds, both included.
   * @throws InvalidContextError
   */
  whole(key: Key, range: { least: number; most: number }): number | undefined {
    const value = this.raw(key)
    if (value === undefined) return undefined
    const number = wholeNumber(value)
    if (number === undefined || number < range.least || number > range.most) {
      throw new InvalidContextError(key, value, `a whole number from ${range.least} to ${range.most}`)
    }
    return number
  }

  /**
   * One of a few words or numbers.
   * @throws InvalidContextError
   */
  choice<T extends string | number>(key: Key, choices: readonly T[]): T | undefined {
    const value = this.raw(key)
    if (value === undefined) return undefined
    const chosen = choices.find((each) => String(each) === String(value))
    if (chosen === undefined) throw new InvalidContextError(key, value, `one of ${choices.join(', ')}`)
    return chosen
  }

  /**
   * Text that passes a test.
   * @param rule what the test asks for, to end a sentence with
   * @throws InvalidContextError
   */
  text(key: Key, test: (value: string) => boolean, rule: string): string | undefined {
    const value = this.raw(key)
    if (value === undefined) return undefined
    if (typeof value !== 'string' || !test(value)) throw new InvalidContextError(key, value, rule)
    return value
  }

  /**
   * An object: as such in cdk.json, as JSON text with `-c`.
   * @throws InvalidContextError
   */
  object(key: Key): Readonly<Record<string, unknown>> | undefined {
    const value = this.raw(key)
    if (value === undefined) return undefined
    const parsed = typeof value === 'string' ? parseJson(value) : value
    if (!isObject(parsed)) throw new InvalidContextError(key, value, 'a JSON object')
    return parsed
  }
}

/** The whole number that a value is or spells, or undefined. */
export function wholeNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : undefined
  return typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : undefined
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
