/**
 * When the runner can't start or go on for a reason that a person can act on: the message is one line, `npm start` prints it
 * to stderr without a stack and exits 1.
 */
export class RunnerError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = new.target.name
  }
}

/** When the template says something that the runner does not do: names the resource, its type and what is not known. */
export class TemplateError extends RunnerError {
  readonly logicalId: string

  constructor(logicalId: string, type: string, problem: string) {
    super(`The template's ${logicalId} (${type}): ${problem}`)
    this.logicalId = logicalId
  }
}

/** When the port is taken or may not be used. */
export class PortError extends RunnerError {}

/** When everybody who reaches this machine would be let in. */
export class OpenAddressError extends RunnerError {
  constructor(host: string) {
    super(`On ${host} others could read and write without a token: give --auth as well, or leave --host out`)
  }
}

/** When tokens are asked for and there is no way to make one. */
export class NoTokensError extends RunnerError {
  constructor() {
    super('--auth does not go with --memory: tsdb token finds a running server by its data folder')
  }
}

/** When the data folder can't be used: not writable, not a folder, or held by another instance. */
export class DataFolderError extends RunnerError {}

/** When `infra/app.ts` does not synthesise: carries what it printed. */
export class SynthError extends RunnerError {}

/** The `code` of a Node or LevelDB error, for telling situations apart without looking at messages. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
