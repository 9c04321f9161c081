import { TsdbError } from '../../lib/model/errors.ts'

/** When a path exists but not for this method. */
export class MethodNotAllowedError extends TsdbError {
  constructor(method: string) {
    super('http.method', 405, 'Method not allowed', {
      details: `The HTTP method [${method}] is not permitted for this endpoint`,
    })
  }
}

/** When nothing is served at a path. */
export class EndpointNotFoundError extends TsdbError {
  constructor() {
    super('http.path', 404, 'Endpoint not found')
  }
}

/** When a body needs unpacking and is not what it says it is. */
export class UnreadableBodyError extends TsdbError {
  constructor(encoding: string, cause: unknown) {
    super('http.body', 400, `The body is not valid ${encoding}`, {
      details: `Content-Encoding or Content-Type says ${encoding}: ${cause instanceof Error ? cause.message : cause}`,
      cause,
    })
  }
}

/** When a Content-Encoding is none of those that are understood. */
export class UnknownEncodingError extends TsdbError {
  constructor(encoding: string) {
    super('http.encoding', 415, `Content-Encoding ${encoding} is not supported`, {
      details: 'Send gzip, deflate or none',
    })
  }
}

/** When an answer is more than Lambda and the gateway pass on. */
export class AnswerTooLargeError extends TsdbError {
  /** @param packed whether it was already gzipped */
  constructor(packed: boolean) {
    super('limit.answer', 413, `The answer is more than the 6 MB that can be sent${packed ? ', even gzipped' : ''}`, {
      details: [
        ...(packed ? [] : ['Accept-Encoding: gzip makes room.']),
        'A shorter time range, a longer downsampling interval or fewer series make a smaller answer.',
      ].join(' '),
    })
  }
}

/** When a browser asks for a page of a site that is not let in. */
export class OtherSiteError extends TsdbError {
  constructor() {
    super('access.site', 403, 'Pages of other sites may not ask this', {
      details: 'The context value corsOrigins of the deployment lets pages of an origin in',
    })
  }
}
