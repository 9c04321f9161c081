import type { Routes } from './route.ts'
import { suggestByBody, suggestByParameters } from './suggest.ts'

/** Names, their UIDs and what is known of both. */
export const NAMES_ROUTES: Routes = [
  ['/api/suggest', { GET: suggestByParameters, POST: suggestByBody }],
  ['/suggest', { GET: suggestByParameters }],
]
