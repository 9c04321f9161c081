import { TsdbError, UnavailableError } from '../../lib/model/errors.ts'

/** When the buffer on disk holds all that it may: what comes now is refused, what is there stays. */
export class RelayFullError extends UnavailableError {
  constructor(maxBytes: number) {
    super(
      'relay.full',
      `Please throttle writes: the relay holds the ${maxBytes} bytes that it may, and the server is away`,
      {
        retryAfter: 10,
      },
    )
  }
}

/** When the disk does not take points: full, gone, read-only. */
export class RelayDiskError extends UnavailableError {
  constructor(cause: unknown) {
    super('relay.disk', `The relay can't write: ${cause instanceof Error ? cause.message : String(cause)}`, {
      retryAfter: 10,
      cause,
    })
  }
}

/** When another relay works on the folder, or it can't be used at all. */
export class RelayFolderError extends TsdbError {
  constructor(dir: string, why: string, cause?: unknown) {
    super('relay.folder', 500, `The relay can't use ${dir}: ${why}`, { cause })
  }
}

/** When the relay's port is taken or may not be used. */
export class RelayPortError extends TsdbError {
  constructor(where: string, cause: unknown) {
    super('relay.port', 500, `Can't listen on ${where}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    })
  }
}
