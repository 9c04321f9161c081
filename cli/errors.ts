import { TsdbError } from '../lib/model/errors.ts'

/** When the words on the command line don't make a command: says which and what would. */
export class UsageError extends TsdbError {
  constructor(message: string) {
    super('cli.usage', 400, message)
  }
}

/** When the server could not be reached, or kept answering that it can't right now, until the tries were used up. */
export class ServerAwayError extends TsdbError {
  constructor(url: string, why: string, tries: number, cause?: unknown) {
    super('cli.serverAway', 503, `${url} is not answering (${why}; ${tries} tries)`, { cause })
  }
}

/** When the server understood and said no: carries its own words. */
export class RefusedError extends TsdbError {
  constructor(statusCode: number, message: string, details?: string) {
    super('cli.refused', statusCode, message, details === undefined ? {} : { details })
  }
}

/** When an input can't be opened, or breaks off: an absent file, a damaged gzip. */
export class UnreadableInputError extends TsdbError {
  constructor(file: string, cause: unknown) {
    super('cli.unreadable', 400, `Can't read ${file}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    })
  }
}

/** When no `npm start` runs on the data folder, or it was killed: a command that works on its tables does not find them. */
export class NothingRunningError extends TsdbError {
  constructor(dataDir: string) {
    super('cli.nothingRunning', 503, `No npm start is running on the data folder ${dataDir}`, {
      details: 'start one, name its folder with --data, or work on the tables in AWS with --aws',
    })
  }
}

/** When no reject has an id that begins so. */
export class RejectNotFoundError extends TsdbError {
  constructor(id: string) {
    super('cli.rejectNotFound', 404, `There is no reject ${id} of these days`, {
      details: 'tsdb rejects list shows them; --days N looks further back',
    })
  }
}
