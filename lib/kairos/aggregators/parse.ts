import { asArray, asBoolean, asDouble, asInteger, asObject, asText } from '../coerce.ts'
import { KairosRequestError } from '../errors.ts'
import type { Json, JsonObject } from '../lenient-json.ts'
import {
  asDuration,
  asKeyword,
  asThreshold,
  asTimeUnit,
  asWord,
  asZone,
  readProperties,
  type Setter,
} from '../properties.ts'
import type { Sampling } from '../ranges.ts'
import type { Zone } from '../zone.ts'
import type { Aggregator } from './aggregator.ts'
import * as folds from './folds.ts'
import { gapsAggregator, type RangeOptions, rangeAggregator } from './range.ts'
import { saveAsAggregator } from './save-as.ts'
import * as transforms from './transforms.ts'

/** What aggregators take from the query that they stand in. */
export interface AggregatorDefaults {
  /** Milliseconds since 1970: where ranges begin, and up to where gaps are marked. */
  readonly start: number
  readonly end: number
  readonly zone: Zone
  /** Tags that the query groups by. */
  readonly groupTags: ReadonlySet<string>
}

/** Reads an aggregator's properties. @param context how messages name it: `query.metric[0].aggregators[1]` */
type Parse = (json: JsonObject, context: string, defaults: AggregatorDefaults) => Aggregator

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** Reads what all aggregators over ranges have, and what one has besides. */
function readRange(
  name: string,
  json: JsonObject,
  context: string,
  defaults: AggregatorDefaults,
  more: Readonly<Record<string, Setter>> = {},
): RangeOptions {
  const options: Mutable<RangeOptions> = {
    sampling: { value: 1, unit: 'milliseconds' },
    alignSampling: true,
    time: 'point',
    zone: defaults.zone,
    startTime: defaults.start,
    endTime: defaults.end,
    trim: false,
  }
  let [alignStart, alignEnd] = [false, false]
  readProperties(json, name, context, {
    sampling: (value, field) => {
      options.sampling = asDuration(value, field, context)
    },
    align_sampling: (value, field) => {
      options.alignSampling = asBoolean(value, field)
    },
    align_start_time: (value, field) => {
      alignStart = asBoolean(value, field)
    },
    align_end_time: (value, field) => {
      alignEnd = asBoolean(value, field)
    },
    start_time: (value, field) => {
      options.startTime = asInteger(value, 64, field)
    },
    end_time: (value, field) => {
      options.endTime = asInteger(value, 64, field)
    },
    time_zone: (value, field) => {
      options.zone = asZone(value, field, context)
    },
    trim: (value, field) => {
      options.trim = asBoolean(value, field)
    },
    ...more,
  })
  options.time = alignStart ? 'start' : alignEnd ? 'end' : 'point'
  return options
}

/** An aggregator of numbers over ranges that has no property of its own. */
function ofNumbers(name: string, fold: folds.Fold): Parse {
  return (json, context, defaults) =>
    rangeAggregator(name, readRange(name, json, context, defaults), fold, true, () => 'number')
}

/** One that takes texts too. */
function ofAll(name: string, fold: folds.Fold, counts: boolean): Parse {
  return (json, context, defaults) =>
    rangeAggregator(name, readRange(name, json, context, defaults), fold, false, (type) => (counts ? 'number' : type))
}

const parseDev: Parse = (json, context, defaults) => {
  let returns: folds.DevReturn = 'value'
  let deviations = 1
  const options = readRange('dev', json, context, defaults, {
    return_type: (value, field) => {
      returns = asWord<folds.DevReturn>(value, ['value', 'pos_sd', 'neg_sd'], field)
    },
    dev_count: (value, field) => {
      deviations = asInteger(value, 32, field)
    },
  })
  return rangeAggregator('dev', options, folds.dev(returns, deviations), true, () => 'number')
}

const parsePercentile: Parse = (json, context, defaults) => {
  let share = 0
  const options = readRange('percentile', json, context, defaults, {
    percentile: (value, field) => {
      share = asDouble(value, field)
    },
  })
  if (share === 0) throw new KairosRequestError(`${context}.percentile may not be zero`)
  return rangeAggregator('percentile', options, folds.percentile(share), true, () => 'number')
}

/** `rate`, which takes a sampling too, and `sampler`, which has a unit alone. */
function perTime(
  name: 'rate' | 'sampler',
  make: (per: Sampling, zone: Zone) => Aggregator,
  more: (set: (per: Sampling) => void) => Readonly<Record<string, Setter>>,
): Parse {
  return (json, context, defaults) => {
    let per: Sampling = { value: 1, unit: 'milliseconds' }
    let { zone } = defaults
    readProperties(json, name, context, {
      unit: (value, field) => {
        per = { value: 1, unit: asTimeUnit(value, field, context) }
      },
      time_zone: (value, field) => {
        zone = asZone(value, field, context)
      },
      ...more((given) => {
        per = given
      }),
    })
    return make(per, zone)
  }
}

/** One with a single number. */
function withNumber(
  name: string,
  property: string,
  read: (value: Json, field: string) => number,
  make: (value: number, context: string) => Aggregator,
): Parse {
  return (json, context) => {
    let number = 0
    readProperties(json, name, context, {
      [property]: (value, field) => {
        number = read(value, field)
      },
    })
    return make(number, context)
  }
}

const parseTrim: Parse = (json, context) => {
  let trim: transforms.Trim | undefined
  readProperties(json, 'trim', context, {
    trim: (value, field) => {
      const rule = "is not a valid trim type, must be 'first', 'last' or 'both'."
      trim = asKeyword<transforms.Trim>(value, ['first', 'last', 'both'], field, context, rule)
    },
  })
  return transforms.trimAggregator(trim)
}

const parseFilter: Parse = (json, context) => {
  let op: transforms.FilterOp | undefined
  let threshold: number | string | undefined = 0
  readProperties(json, 'filter', context, {
    filter_op: (value, field) => {
      const rule = "is not a valid trim type, must be 'lte', 'lt', 'gte', 'gt', 'equal' or 'ne'."
      op = asKeyword<transforms.FilterOp>(value, ['lte', 'lt', 'gte', 'gt', 'equal', 'ne'], field, context, rule)
    },
    threshold: (value, field) => {
      threshold = asThreshold(value, field)
    },
  })
  return transforms.filterAggregator(op, threshold)
}

const parseScore: Parse = (json, context) => {
  let thresholds: readonly transforms.Threshold[] | undefined
  let isDescending = false
  readProperties(json, 'score', context, {
    thresholds: (value, field) => {
      thresholds = asArray(value, field).map((one, i) => thresholdOf(one, `${field}[${i}]`))
    },
    order: (value, field) => {
      isDescending = asWord(value, ['ascending', 'descending'], field) === 'descending'
    },
  })
  if (thresholds === undefined) throw new KairosRequestError(`${context}.thresholds may not be null`)
  return transforms.scoreAggregator(thresholds, isDescending)
}

/** Without a value it is 0; a boundary that is none counts for `superior`. */
function thresholdOf(json: Json, field: string): transforms.Threshold {
  const members = asObject(json, field)
  const [value = null, boundary = null] = [members.get('value'), members.get('boundary')]
  return {
    value: value === null ? 0 : asDouble(value, `${field}.value`),
    boundary: boundary === 'inferior' ? 'inferior' : 'superior',
  }
}

const parseSaveAs: Parse = (json, context, defaults) => {
  let metric: string | undefined
  let tags: ReadonlyMap<string, string> = new Map()
  let ttl = 0
  let addSavedFrom = true
  readProperties(json, 'save_as', context, {
    metric_name: (value, field) => {
      metric = asText(value, field)
    },
    tags: (value, field) => {
      tags = new Map([...asObject(value, field)].map(([key, one]) => [key, asText(one, `${field}.${key}`)]))
    },
    ttl: (value, field) => {
      ttl = asInteger(value, 32, field)
    },
    add_saved_from: (value, field) => {
      addSavedFrom = asBoolean(value, field)
    },
  })
  return saveAsAggregator({ metric, tags, ttl, addSavedFrom, groupTags: defaults.groupTags })
}

const AGGREGATORS: ReadonlyMap<string, Parse> = new Map([
  ['avg', ofNumbers('avg', folds.avg)],
  ['count', ofAll('count', folds.count, true)],
  ['dev', parseDev],
  ['diff', (json, context) => none('diff', json, context, transforms.diffAggregator())],
  [
    'div',
    withNumber('div', 'divisor', asDouble, (divisor, context) => {
      if (divisor === 0) throw new KairosRequestError(`${context}.m_divisor may not be zero`)
      return transforms.divAggregator(divisor)
    }),
  ],
  ['filter', parseFilter],
  ['first', ofAll('first', folds.first, false)],
  ['gaps', (json, context, defaults) => gapsAggregator(readRange('gaps', json, context, defaults))],
  ['last', ofAll('last', folds.last, false)],
  ['least_squares', ofNumbers('least_squares', folds.leastSquares)],
  ['max', ofNumbers('max', folds.max)],
  ['min', ofNumbers('min', folds.min)],
  ['percentile', parsePercentile],
  [
    'rate',
    perTime('rate', transforms.rateAggregator, (set) => ({
      sampling: (value, field, context) => set(asDuration(value, field, context)),
    })),
  ],
  ['sampler', perTime('sampler', transforms.samplerAggregator, () => ({}))],
  ['save_as', parseSaveAs],
  ['scale', withNumber('scale', 'factor', asDouble, transforms.scaleAggregator)],
  ['score', parseScore],
  ['sma', withNumber('sma', 'size', (value, field) => asInteger(value, 32, field), transforms.smaAggregator)],
  ['sum', ofNumbers('sum', folds.sum)],
  ['trim', parseTrim],
])

function none(name: string, json: JsonObject, context: string, aggregator: Aggregator): Aggregator {
  readProperties(json, name, context, {})
  return aggregator
}

/**
 * Reads a metric's aggregators, in their order.
 * @param context how messages name the metric: `query.metric[0]`
 * @throws KairosRequestError for the first that can't be read
 */
export function parseAggregators(json: Json, context: string, defaults: AggregatorDefaults): Aggregator[] {
  return asArray(json, `${context}.aggregators`).map((one, i) => {
    const place = `${context}.aggregators[${i}]`
    const members = asObject(one, place)
    const given = members.get('name')
    const name = given === undefined ? '' : asText(given, `${place}.name`)
    if (name === '') throw new KairosRequestError(`${place} must have a name`)
    const parse = AGGREGATORS.get(name)
    if (parse === undefined) throw new KairosRequestError(`${place}.${name} invalid aggregators name`)
    return parse(members, place, defaults)
  })
}
