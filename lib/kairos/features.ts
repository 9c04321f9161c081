// What KairosDB's clients are told of what a query can ask for: their forms are made of it.

/** A rule for a field of a form, in JavaScript, with what is said where it is broken. */
export interface FeatureValidation {
  readonly expression: string
  readonly type: 'js'
  readonly message: string
}

/** A field of an aggregator or a way to group, as its form shows it; of type Object, with fields of its own. */
export interface FeatureProperty {
  readonly name: string
  readonly label: string
  readonly description?: string
  readonly optional: boolean
  readonly type: string
  readonly options?: readonly string[]
  readonly defaultValue?: string
  readonly autocomplete?: string
  readonly multiline: boolean
  readonly validations: readonly FeatureValidation[]
  readonly properties?: readonly FeatureProperty[]
}

/** An aggregator or a way to group. */
export interface FeatureItem {
  readonly name: string
  readonly label: string
  readonly description: string
  readonly properties: readonly FeatureProperty[]
}

/** All of a kind. */
export interface Feature {
  readonly name: string
  readonly label: string
  readonly properties: readonly FeatureItem[]
}

const UNITS = ['MILLISECONDS', 'SECONDS', 'MINUTES', 'HOURS', 'DAYS', 'WEEKS', 'MONTHS', 'YEARS']

const rule = (expression: string, message: string): FeatureValidation => ({ expression, type: 'js', message })

function field(
  name: string,
  label: string,
  type: string,
  defaultValue: string,
  description: string,
  more: Partial<FeatureProperty> = {},
): FeatureProperty {
  return {
    name,
    label,
    description,
    optional: false,
    type,
    options: [],
    defaultValue,
    autocomplete: '',
    multiline: false,
    validations: [],
    ...more,
  }
}

/** A number of units of time. */
function duration(name: string, label: string): FeatureProperty {
  const value = field('value', 'Value', 'long', '1', 'How many units', {
    validations: [rule('value > 0', 'It must be more than 0.')],
  })
  const unit = field('unit', 'Unit', 'enum', 'MILLISECONDS', 'The unit of time', { options: UNITS })
  return { name, label, optional: false, type: 'Object', multiline: false, validations: [], properties: [value, unit] }
}

const SAMPLING = duration('sampling', 'Sampling')

/** What every aggregator of ranges of time can be told. */
const RANGE: readonly FeatureProperty[] = [
  field(
    'align_end_time',
    'Align end time',
    'boolean',
    'false',
    'Gives each range the time at which the next one begins',
  ),
  field('align_start_time', 'Align start time', 'boolean', 'false', 'Gives each range the time at which it begins'),
  SAMPLING,
  field('trim', 'Trim', 'boolean', 'false', 'Leaves out what is empty before the first and after the last point'),
]

const item = (
  name: string,
  label: string,
  description: string,
  properties: readonly FeatureProperty[] = [],
): FeatureItem => ({ name, label, description, properties })

const AGGREGATORS: readonly FeatureItem[] = [
  item('avg', 'AVG', 'The mean of the points of each range', RANGE),
  item('count', 'Count', 'How many points each range has', RANGE),
  item('dev', 'Dev', 'The standard deviation of the points of each range', RANGE),
  item('diff', 'Diff', 'The difference of each point to the one before it'),
  item('div', 'Div', 'Each point, divided', [field('divisor', 'Divisor', 'double', '1', 'What to divide by')]),
  item('filter', 'Filter', 'Leaves out points by their value', [
    field(
      'filter_op',
      'Filter operation',
      'enum',
      'equal',
      'How a point that is left out compares with the threshold',
      {
        options: ['LTE', 'LT', 'GTE', 'GT', 'EQUAL', 'NE'],
      },
    ),
    field('threshold', 'Threshold', 'double', '0', 'What points are compared with'),
  ]),
  item('first', 'First', 'The first point of each range', RANGE),
  item('gaps', 'Gaps', 'Puts a null where a range has no point', RANGE),
  item('last', 'Last', 'The last point of each range', RANGE),
  item('least_squares', 'Least Squares', 'The line that fits the points of each range best, by its ends', RANGE),
  item('max', 'Max', 'The largest point of each range', RANGE),
  item('min', 'Min', 'The smallest point of each range', RANGE),
  item('percentile', 'Percentile', 'What a part of the points of each range lies below', [
    ...RANGE,
    field('percentile', 'Percentile', 'double', '0.1', 'The part, between 0 and 1', {
      validations: [rule('value > 0 && value <= 1', 'It must be more than 0 and at most 1.')],
    }),
  ]),
  item('rate', 'Rate', 'The change from point to point in a unit of time', [SAMPLING]),
  item('sampler', 'Sampler', 'Each point, divided by the time since the one before it', [
    field('unit', 'Time Unit', 'enum', 'milliseconds', 'The unit of that time', { options: UNITS }),
  ]),
  item('save_as', 'Save As', 'Puts the result under another name', [
    field('metric_name', 'Save As', 'String', '', 'The name', {
      validations: [rule('value.length > 0', 'It is empty.')],
    }),
  ]),
  item('scale', 'Scale', 'Each point, multiplied', [field('factor', 'Factor', 'double', '1', 'What to multiply by')]),
  item('score', 'SCORE', 'How many of some thresholds each point has passed', [
    field('order', 'Order', 'enum', 'ascending', 'Of the thresholds', { options: ['ASCENDING', 'DESCENDING'] }),
    field('thresholds', 'Thresholds', 'array', '[]', 'Numbers in that order'),
  ]),
  item('sma', 'SMA', 'The mean of each point and those before it', [
    field('size', 'Size', 'int', '10', 'How many points', {
      validations: [rule('value > 0', 'It must be more than 0.')],
    }),
  ]),
  item('sum', 'Sum', 'The sum of the points of each range', RANGE),
  item('trim', 'Trim', 'Leaves out points at the ends', [
    field('trim', 'Trim', 'enum', 'both', 'Which: the first, the last, or both', {
      options: ['FIRST', 'LAST', 'BOTH'],
    }),
  ]),
]

const notEmpty = rule('value.length > 0', 'The list is empty.')

const GROUPINGS: readonly FeatureItem[] = [
  item('bin', 'Bin', 'By which of some bounds a value has passed', [
    field('bins', 'Bin Values', 'array', '[]', 'The bounds, ascending', {
      validations: [rule('value.every((n) => !isNaN(parseFloat(n)) && isFinite(n))', 'Only numbers.'), notEmpty],
    }),
  ]),
  item('tag', 'Tag', 'By the values of tags', [
    field('tags', 'Tags', 'array', '[]', 'Names of tags', { autocomplete: 'tags', validations: [notEmpty] }),
  ]),
  item('time', 'Time', 'By ranges of time that take turns, such as the days of the week', [
    field('group_count', 'Count', 'int', '0', 'How many take turns', {
      validations: [rule('value > 0', 'It must be more than 0.')],
    }),
    duration('range_size', 'Range Size'),
  ]),
  item('value', 'Value', 'By ranges of values', [
    field('range_size', 'Target Size', 'int', '0', 'How long each range is', {
      validations: [rule('value > 0', 'It must be more than 0.')],
    }),
  ]),
]

/** Everything that a query can ask for. */
export const FEATURES: readonly Feature[] = [
  { name: 'group_by', label: 'Group By', properties: GROUPINGS },
  { name: 'aggregators', label: 'Aggregator', properties: AGGREGATORS },
]
