import { BadRequestError, TsdbError } from '../model/errors.ts'

/** When a request comes without a token that is valid now. It never says which of the reasons it was. */
export class NotSignedInError extends TsdbError {
  constructor() {
    super('access.token', 401, 'A valid token is needed', {
      details:
        'Send it as Authorization: Bearer TOKEN, or as the password of Basic; it may be unknown, revoked or expired',
    })
  }
}

/** When a valid token is not made for what is asked. Said before anything is looked up, so that it tells nothing of what is stored. */
export class NotPermittedError extends TsdbError {
  constructor(why: string) {
    super('access.permission', 403, 'The token does not permit this', { details: why })
  }
}

/** When a deployment was made not to do what is asked. */
export class ModeError extends TsdbError {
  constructor(mode: string, only: string) {
    super('access.mode', 403, `This deployment only ${only}`, { details: `It was made with mode=${mode}` })
  }
}

/** When a token is to be made of something it can't be made of. */
export class BadTokenError extends BadRequestError {
  constructor(field: string, rule: string) {
    super(`token.${field}`, `A token's ${field} must be ${rule}`)
  }
}
