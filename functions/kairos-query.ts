import { httpHandler, MethodNotAllowedError } from './http/index.ts'
import { answerKairosQuery, answerKairosTags } from './kairos/query.ts'
import { metered } from './metered.ts'

/** KairosDB's queries, docs/api/kairos.md: a function of its own because `save_as` writes to the stream, which others that read may not. */
export const handler = metered(
  httpHandler(async (request) => {
    if (/\/tags\/*$/.test(request.path)) {
      if (request.method !== 'POST') throw new MethodNotAllowedError(request.method)
      return answerKairosTags(request)
    }
    return answerKairosQuery(request)
  }),
)
