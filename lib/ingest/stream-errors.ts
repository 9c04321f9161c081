import { TsdbError, UnavailableError } from '../model/errors.ts'

/** When Kinesis refuses a request for good: a stream that is not there, a missing permission. */
export class StreamRefusedError extends TsdbError {
  constructor(cause: unknown) {
    const why = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)
    super('stream.refused', 500, 'The stream refuses points', { details: why, cause })
  }
}

/** When points of a put did not get onto the stream within the time there is; sending all of them again is safe. */
export class PointsNotStoredError extends UnavailableError {
  constructor(failed: number, received: number) {
    super('put.notStored', `${failed} of ${received} data points could not be stored now`, {
      details: 'Send the request again, or append "details" to it',
    })
  }
}

/** When points of a synchronous put are on the stream but were not acknowledged in time; they will be stored. */
export class PutTimedOutError extends UnavailableError {
  constructor(stored: number, failed: number, timedOut: number) {
    const counts = `${stored} successful writes, ${failed} failed writes and ${timedOut} timed out writes`
    super('put.timedOut', `The put call has timedout with ${counts}.`, {
      details:
        'Timed out points are on the stream and will be stored; append "details" to the put request to see which',
    })
  }
}
