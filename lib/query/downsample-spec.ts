import { NotBuiltYetError } from '../model/errors.ts'
import { aggregatorOf } from './aggregate/index.ts'
import { BadQueryError } from './errors.ts'
import type { Downsample, FillPolicy } from './model.ts'
import { parseDuration } from './times.ts'

const FILLS: ReadonlyMap<string, FillPolicy> = new Map([
  ['none', 'none'],
  ['nan', 'nan'],
  ['null', 'null'],
  ['zero', 'zero'],
])

/**
 * Reads `INTERVAL-AGGREGATOR[-FILL]`: `5m-avg`, `1h-max-nan`, `0all-sum`. A dash at the end is ignored, as OpenTSDB does
 * and Grafana relies on.
 * @throws BadQueryError naming the part that is wrong, NotBuiltYetError for calendar intervals
 */
export function parseDownsample(text: string): Downsample {
  const parts = text.replace(/-+$/, '').split('-')
  if (parts.length < 2 || parts.length > 3) {
    throw new BadQueryError(
      `Invalid downsampling specifier '${text}': must consist of interval, function, and optional fill policy`,
    )
  }
  const [interval = '', name = '', fillName = 'none'] = parts
  const intervalMs = parseInterval(interval)
  const aggregator = aggregatorOf(name)
  if (aggregator === undefined) throw new BadQueryError(`No such downsampling function: ${name}`)
  if (aggregator.raw) throw new BadQueryError('cannot use the NONE aggregator for downsampling')
  const fill = FILLS.get(fillName.toLowerCase())
  if (fill === undefined) throw new BadQueryError(`Unrecognized fill policy: ${fillName}`)
  return { intervalMs, aggregator, fill, text }
}

function parseInterval(text: string): number | undefined {
  if (text.toLowerCase().includes('all')) return undefined
  if (text.endsWith('c')) throw new NotBuiltYetError(`The calendar interval ${text}`)
  return parseDuration(text)
}
