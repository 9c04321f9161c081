/**
 * The base of every error this project throws on purpose. It carries what a person needs to act on; one middleware under
 * functions/ turns it into an HTTP body, one place in the CLI into a line on stderr.
 */
export class TsdbError extends Error {
  /** Dotted and stable, matched by prefix: `put.limit.points`, `query.unknownName`. */
  readonly code: string
  /** The HTTP status that says the same. */
  readonly statusCode: number
  /** More for a person to act on; goes out as OpenTSDB's `error.details`. */
  readonly details: string | undefined

  constructor(code: string, statusCode: number, message: string, options: { details?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.code = code
    this.statusCode = statusCode
    this.details = options.details
  }
}

/** When a request can't be understood or breaks a rule: names the field, the value and the rule. */
export class BadRequestError extends TsdbError {
  constructor(code: string, message: string, options: { details?: string; cause?: unknown } = {}) {
    super(code, 400, message, options)
  }
}

/** When a part of OpenTSDB's API is asked for that is not built yet: named, never silently ignored. */
export class NotBuiltYetError extends TsdbError {
  constructor(what: string) {
    super('notBuiltYet', 400, `${what} is not supported yet`, { details: 'docs/compatibility.md lists what is' })
  }
}

/** When input passes a limit: names the limit, its value and what was sent. */
export class LimitExceededError extends TsdbError {
  constructor(limit: string, allowed: number, sent: number | string, unit: string) {
    super(`limit.${limit}`, 413, `Too much: ${sent} ${unit}, ${limit} allows ${allowed}`)
  }
}

/** When a service behind us is away or throttles; the caller may try again. */
export class UnavailableError extends TsdbError {
  /** Seconds after which trying again makes sense; goes out as Retry-After. */
  readonly retryAfter: number

  constructor(code: string, message: string, options: { retryAfter?: number; details?: string; cause?: unknown } = {}) {
    super(code, 503, message, options)
    this.retryAfter = options.retryAfter ?? 1
  }
}

/** When stored bytes are not what a format says: names what was being read and shows the bytes. */
export class CorruptDataError extends TsdbError {
  constructor(reading: string, why: string, bytes?: Uint8Array) {
    const shown = bytes === undefined ? '' : `: ${Buffer.from(bytes.subarray(0, 32)).toString('hex')}`
    super('codec.corrupt', 500, `Can't read ${reading}: ${why}${shown}`)
  }
}

/** When a setting from the environment or the command line is not what it must be: names it, its value and the rule. */
export class BadConfigurationError extends TsdbError {
  constructor(name: string, value: string, rule: string, cause?: unknown) {
    super('configuration', 500, `${name} ${rule}, it is '${value}'`, { cause })
  }
}
