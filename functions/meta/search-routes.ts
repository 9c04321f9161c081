import type { Route, Routes } from './route.ts'
import { search } from './search.ts'

const searching: Route = { GET: search, POST: search }

/** Series and what is written about them, by what they hold. */
export const SEARCH_ROUTES: Routes = [
  ['/api/search', searching],
  ['/api/search/*', searching],
]
