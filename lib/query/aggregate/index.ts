import { avg } from './avg.ts'
import { count } from './count.ts'
import { dev } from './dev.ts'
import { diff } from './diff.ts'
import { first, last } from './first-last.ts'
import { max } from './max.ts'
import { min } from './min.ts'
import { mult } from './mult.ts'
import { type Estimation, median, percentile } from './percentile.ts'
import type { Reducer } from './reducer.ts'
import { squareSum } from './square-sum.ts'
import { sum } from './sum.ts'

/**
 * What a series gives at a time between two of its points: the value on the straight line between them, 0, the greatest
 * or the least there is (so that it does not change a minimum or a maximum), or the point before.
 */
export type Interpolation = 'lerp' | 'zero' | 'max' | 'min' | 'previous'

/** A way to make one series of many, or one point of an interval's. */
export interface Aggregator {
  readonly name: string
  readonly reduce: Reducer
  readonly interpolation: Interpolation
  /** Of a single value it gives that value: a group of one series needs no work. */
  readonly identity: boolean
  /** Series stay as they are, each a group of its own. */
  readonly raw: boolean
}

function define(name: string, reduce: Reducer, interpolation: Interpolation, identity = true): Aggregator {
  return { name, reduce, interpolation, identity, raw: false }
}

function percentiles(): Aggregator[] {
  const all: Aggregator[] = []
  for (const [suffix, percent] of [
    ['50', 50],
    ['75', 75],
    ['90', 90],
    ['95', 95],
    ['99', 99],
    ['999', 99.9],
  ] as const) {
    all.push(define(`p${suffix}`, percentile(percent, 'legacy'), 'lerp'))
    for (const estimation of ['r3', 'r7'] satisfies Estimation[]) {
      all.push(define(`ep${suffix}${estimation}`, percentile(percent, estimation), 'lerp'))
    }
  }
  return all
}

const ALL: readonly Aggregator[] = [
  define('sum', sum, 'lerp'),
  define('min', min, 'lerp'),
  define('max', max, 'lerp'),
  define('avg', avg, 'lerp'),
  define('median', median, 'lerp'),
  define('mult', mult, 'lerp'),
  define('dev', dev, 'lerp', false),
  define('diff', diff, 'lerp', false),
  define('count', count, 'zero', false),
  define('squareSum', squareSum, 'zero', false),
  define('zimsum', sum, 'zero'),
  define('mimmin', min, 'max'),
  define('mimmax', max, 'min'),
  define('first', first, 'zero'),
  define('last', last, 'zero'),
  define('pfsum', sum, 'previous'),
  { ...define('none', first, 'zero'), raw: true },
  ...percentiles(),
]

const BY_NAME: ReadonlyMap<string, Aggregator> = new Map(ALL.map((aggregator) => [aggregator.name, aggregator]))

/** The names that queries may use. */
export const AGGREGATOR_NAMES: readonly string[] = ALL.map(({ name }) => name)

/** The aggregator of that name, if there is one. */
export function aggregatorOf(name: string): Aggregator | undefined {
  return BY_NAME.get(name)
}
