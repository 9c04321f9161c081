import { CorruptDataError } from '../model/errors.ts'
import type { Item } from './dynamo.ts'

// Reads attributes of items; each throws CorruptDataError naming the attribute where it is absent or of another type.

/** A binary attribute. */
export function bytesAt(item: Item, name: string): Uint8Array {
  return item[name]?.B ?? missing(name, 'binary')
}

/** A text attribute. */
export function textAt(item: Item, name: string): string {
  return item[name]?.S ?? missing(name, 'text')
}

/** A number attribute that a double holds. */
export function numberAt(item: Item, name: string): number {
  return Number(item[name]?.N ?? missing(name, 'number'))
}

function missing(name: string, type: string): never {
  throw new CorruptDataError('stored item', `the ${type} attribute ${name} is missing`)
}
