import type { Routes } from './route.ts'

/** Series and what is written about them, by what they hold. */
export const SEARCH_ROUTES: Routes = []
