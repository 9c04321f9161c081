import { answerExp, answerGexp } from '../answer-expression.ts'
import { answerLast } from '../answer-last.ts'
import { answerQuery } from '../answer-query.ts'
import type { Routes } from './route.ts'

/** Paths with a function of their own are here for the methods that it does not have. */
export const QUERY_ROUTES: Routes = [
  ['/api/put', {}],
  ['/api/query', { GET: answerQuery, POST: answerQuery }],
  ['/api/query/exp', { POST: answerExp }],
  ['/api/query/gexp', { GET: answerGexp }],
  ['/api/query/last', { GET: answerLast, POST: answerLast }],
  ['/api/query/*', { GET: answerQuery, POST: answerQuery }],
]
