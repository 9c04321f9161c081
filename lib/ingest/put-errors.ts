import { BadRequestError } from '../model/errors.ts'

/** When a put body, or one of its fields, is not the JSON it must be; nothing of the request is stored then. */
export class UnreadablePutError extends BadRequestError {
  /** @param why what was wanted and where, for `details` */
  constructor(why: string) {
    super('put.json', 'Unable to parse the given JSON', { details: why })
  }
}

/** When a put request has no body, or blanks alone. */
export class NoContentError extends BadRequestError {
  constructor() {
    super('put.noContent', 'Missing request content')
  }
}

/** When a put body is JSON but neither an object nor an array. */
export class NotPointsError extends BadRequestError {
  constructor() {
    super('put.notPoints', 'The JSON must start as an object or an array')
  }
}

/** When a put body is an empty array. */
export class NoPointsError extends BadRequestError {
  constructor() {
    super('put.noPoints', 'No datapoints found in content')
  }
}

/** When a text is not a number that can be stored. */
export class BadValueError extends BadRequestError {
  constructor() {
    super('put.value', 'Unable to parse value to a number')
  }
}

/** When a text is not a time in seconds or milliseconds since 1970. */
export class BadTimestampError extends BadRequestError {
  constructor(text: string) {
    super('put.timestamp', `Invalid timestamp: ${text}`)
  }
}

/** When some points of a put were refused and the request did not ask which. */
export class PointsRefusedError extends BadRequestError {
  constructor() {
    super('put.points', 'One or more data points had errors', {
      details: 'Please see the TSD logs or append "details" to the put request',
    })
  }
}

/** When sync_timeout is not a number of milliseconds. */
export class BadSyncTimeoutError extends BadRequestError {
  constructor(text: string) {
    super('put.syncTimeout', `sync_timeout must be a whole number of milliseconds, it is '${text}'`)
  }
}
