import { BadRequestError } from '../model/errors.ts'

/**
 * When a request to KairosDB's API breaks rules. Its clients are told each of them: `{"errors":["...","..."]}`.
 */
export class KairosRequestError extends BadRequestError {
  /** One or more, as its clients know them. */
  readonly errors: readonly string[]

  /** @param errors one sentence for each rule that is broken; at least one */
  constructor(...errors: readonly string[]) {
    super('kairos.request', errors.join('; '))
    this.errors = errors
  }
}
