import { BadRequestError, TsdbError } from '../model/errors.ts'
import type { UidKind } from '../model/series.ts'

/** When a query can't be understood: names the part, what it says and what is allowed. */
export class BadQueryError extends BadRequestError {
  constructor(message: string, details?: string) {
    super('query.bad', message, details === undefined ? {} : { details })
  }
}

/** When a GET lacks a parameter that it must have. */
export class MissingParameterError extends BadRequestError {
  constructor(parameter: string) {
    super('query.missingParameter', `Missing parameter <code>${parameter}</code>`)
  }
}

const KIND_WORD: Record<UidKind, string> = { metric: 'metrics', tagk: 'tagk', tagv: 'tagv' }

/** When a query names a metric, tag key or tag value that no point ever had. */
export class UnknownNameError extends TsdbError {
  constructor(kind: UidKind, name: string) {
    const message = `No such name for '${KIND_WORD[kind]}': '${name}'`
    super('query.unknownName', 400, message, { details: message })
  }
}

/** When a query would pass one of its budgets; never answered in part. */
export class QueryTooLargeError extends TsdbError {
  /**
   * @param budget the field of Limits
   * @param allowed what it allows
   * @param unit what it counts
   * @param narrow what would need less
   */
  constructor(
    budget: string,
    allowed: number,
    unit: string,
    narrow = 'A shorter time range, more filters, a longer downsampling interval or fewer sub-queries need less',
  ) {
    const message = `The query needs more than ${allowed} ${unit}, which is what ${budget} allows`
    super(`limit.${budget}`, 413, message, { details: narrow })
  }
}
