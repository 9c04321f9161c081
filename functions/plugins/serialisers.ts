import { BadRequestError } from '../../lib/model/errors.ts'
import { KIND_BIG } from '../../lib/model/points.ts'
import type { SerialisedSeries, Serialiser } from '../../lib/plugin/types.ts'
import type { QueryAnswer, QueryResult } from '../../lib/query/run.ts'
import { PLUGINS } from './index.ts'

/** What is there without plugins. */
const JSON_SERIALISER = 'json'

/**
 * The serialiser that a request names.
 * @returns undefined for JSON
 * @throws BadRequestError where there is none of that name
 */
export function serialiserOf(name: string | null): Serialiser | undefined {
  if (name === null || name === JSON_SERIALISER) return undefined
  const { serialisers = [] } = PLUGINS
  const named = serialisers.find((each) => each.name === name)
  if (named !== undefined) return named
  const known = [JSON_SERIALISER, ...serialisers.map((each) => each.name)].join(', ')
  throw new BadRequestError('query.serialiser', `There is no serializer '${name.slice(0, 100)}'`, {
    details: `There are: ${known}`,
  })
}

/** A query's answer as serialisers see it; series and points are made as they are asked for. */
export function* seriesOf({ results }: QueryAnswer): Generator<SerialisedSeries> {
  for (const result of results) {
    const { metric, tags, aggregateTags } = result
    yield { metric, tags, aggregateTags, points: pointsOf(result) }
  }
}

function* pointsOf({ points }: QueryResult): Generator<readonly [number, number | bigint]> {
  const { count, times, values, kinds, bigs } = points
  for (let i = 0; i < count; i++) {
    const big = ((kinds[i] ?? 0) & KIND_BIG) !== 0 ? bigs.get(i) : undefined
    yield [times[i] ?? 0, big ?? values[i] ?? 0]
  }
}
