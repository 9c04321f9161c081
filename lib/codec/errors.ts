import { CorruptDataError, TsdbError } from '../model/errors.ts'

/** When the name of a column is none of OpenTSDB's qualifiers, or one whose bits no data point can have. */
export class BadQualifierError extends CorruptDataError {
  constructor(why: string, qualifier: Uint8Array) {
    super('qualifier', why, qualifier)
  }
}

/**
 * When parts of a row are missing, or belong to another writing of it: it was read while it was being rewritten. Reading
 * all of it again helps.
 */
export class IncompleteRowError extends TsdbError {
  /** Numbers of the parts that are not there or not of the writing that part 0 belongs to. */
  readonly missing: readonly number[]

  constructor(missing: readonly number[], of: number | undefined) {
    const parts = missing.slice(0, 10).join(', ') + (missing.length > 10 ? ', ...' : '')
    super(
      'codec.row.incomplete',
      500,
      `A row lacks ${missing.length} of its ${of ?? 'unknown number of'} parts: ${parts}`,
    )
    this.missing = missing
  }
}
