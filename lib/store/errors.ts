import { TsdbError, UnavailableError } from '../model/errors.ts'

/** When DynamoDB throttles, fails or can't be reached, and trying again did not help within the deadline. */
export class StoreUnavailableError extends UnavailableError {
  constructor(operation: string, attempts: number, cause: unknown) {
    const why = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)
    super('store.unavailable', `The store did not answer ${operation} in ${attempts} attempts`, { details: why, cause })
  }
}

/** When a conditional write finds that its condition does not hold. Callers catch it and act; it never reaches a client. */
export class ConditionFailedError extends TsdbError {
  constructor(operation: string, cause: unknown) {
    super('store.conditionFailed', 409, `The condition of ${operation} does not hold`, { cause })
  }
}

/** When DynamoDB refuses a request for good: a table that is not there, a missing permission, a bad request of ours. */
export class StoreRefusedError extends TsdbError {
  constructor(operation: string, cause: unknown) {
    const why = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)
    super('store.refused', 500, `The store refuses ${operation}`, { details: why, cause })
  }
}
