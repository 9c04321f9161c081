export type { GuardedEvent } from './access.ts'
export { detailsFor, errorBody } from './error-body.ts'
export {
  AnswerTooLargeError,
  EndpointNotFoundError,
  MethodNotAllowedError,
  UnknownEncodingError,
  UnreadableBodyError,
} from './errors.ts'
export { gatewayResult } from './gateway-result.ts'
export { httpHandler, httpRequest } from './handler.ts'
export type { HttpAnswer, HttpRequest } from './types.ts'
