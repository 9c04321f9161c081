import { answerQuery } from './answer-query.ts'
import { httpHandler } from './http/index.ts'

/** GET and POST /api/query. */
export const handler = httpHandler(answerQuery)
