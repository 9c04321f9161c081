import { BadRequestError } from '../model/errors.ts'

/** What a lookup asks of series. */
export interface SeriesExpression {
  /** undefined: any. */
  readonly metric: string | undefined
  /** In the order in which they were given; undefined for either half: any. */
  readonly tags: readonly TagExpression[]
}

export interface TagExpression {
  readonly key: string | undefined
  readonly value: string | undefined
}

const ANY = '*'

/**
 * Reads `METRIC`, `METRIC{TAGK=TAGV,...}` or `{TAGK=TAGV,...}`, where `*` stands for any key or value.
 * @throws BadRequestError in OpenTSDB's words
 */
export function parseSeriesExpression(text: string): SeriesExpression {
  const wrong = (details: string) => new BadRequestError('series.expression', 'Unable to parse query', { details })
  const open = text.indexOf('{')
  if (open < 0) {
    if (text === '') throw wrong('Metric string was empty')
    return { metric: anyOr(text), tags: [] }
  }
  if (!text.endsWith('}')) throw wrong(`Missing '}' at the end of: ${text}`)
  const inside = text.slice(open + 1, -1)
  if (inside === '') {
    if (open === 0) throw wrong(`Missing metric and tags: ${text}`)
    return { metric: anyOr(text.slice(0, open)), tags: [] }
  }
  const tags = inside.split(',').map((pair) => {
    const parts = pair.split('=')
    const [key = '', value = ''] = parts
    if (parts.length !== 2 || key === '' || value === '') {
      throw wrong(`When parsing tag '${pair}': invalid tag: ${pair}`)
    }
    return { key: anyOr(key), value: anyOr(value) }
  })
  return { metric: open === 0 ? undefined : anyOr(text.slice(0, open)), tags }
}

/** A part of an expression; undefined where it stands for any. */
export function anyOr(text: string | undefined): string | undefined {
  return text === undefined || text === '' || text === ANY ? undefined : text
}
