import { TsdbError } from '../../lib/model/errors.ts'
import { asciiLines } from '../../lib/query/ascii.ts'
import { parseQueryParameters } from '../../lib/query/index.ts'
import { runParsedQuery } from '../answer-query.ts'
import { readConfig } from '../config.ts'
import type { HttpAnswer, HttpRequest } from '../http/index.ts'
import { type Routes, text } from './route.ts'

/** The path that OpenTSDB had before there was /api/query. */
export const OLD_QUERY_ROUTES: Routes = [['/q', { GET: answerAscii }]]

/** GET /q?ascii&start=&end=&m=: points as import lines. Pictures are not drawn. */
async function answerAscii({ query, grant }: HttpRequest): Promise<HttpAnswer> {
  if (!query.has('ascii')) {
    throw new TsdbError('http.oldQuery', 400, '/q answers text alone: ask with the parameter ascii', {
      details: 'For JSON there is /api/query; pictures are not drawn',
    })
  }
  const { answerBytes } = readConfig().limits
  const asked = parseQueryParameters(query, Date.now())
  const { results } = await runParsedQuery(asked, grant)
  return text(asciiLines(results, { msResolution: asked.msResolution, maxLength: answerBytes }))
}
