import { ABOUT_ROUTES } from './about-routes.ts'
import { ANNOTATION_ROUTES } from './annotation-routes.ts'
import { NAMES_ROUTES } from './names-routes.ts'
import { OLD_QUERY_ROUTES } from './old-query.ts'
import { QUERY_ROUTES } from './query-routes.ts'
import type { Route } from './route.ts'
import { SEARCH_ROUTES } from './search-routes.ts'
import { STATS_ROUTES } from './stats-routes.ts'
import { TREE_ROUTES } from './tree-routes.ts'

/** What is served, by path and method: a file of routes for each area. */
export const ROUTES: ReadonlyMap<string, Route> = new Map([
  ...ABOUT_ROUTES,
  ...STATS_ROUTES,
  ...NAMES_ROUTES,
  ...SEARCH_ROUTES,
  ...ANNOTATION_ROUTES,
  ...TREE_ROUTES,
  ...QUERY_ROUTES,
  ...OLD_QUERY_ROUTES,
])

/** Endpoints of OpenTSDB's, with all below them that has no route, that are still to come. */
export const NOT_BUILT_YET: readonly string[] = ['/api/histogram', '/api/rollup']
