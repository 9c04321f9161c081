import { randomInt } from 'node:crypto'

/** Versions that new items begin with lie below this: all that may follow are whole numbers that a double holds. */
const FIRST_BELOW = 2 ** 47

/**
 * The version of what takes the place of what was read. New items begin anywhere: who read one that was deleted and made anew since
 * would otherwise find the version that it knows, and put back the old one.
 * @param before of what was read; undefined: there was nothing
 */
export function nextVersion(before: number | undefined): number {
  return before === undefined ? randomInt(FIRST_BELOW) : before + 1
}
