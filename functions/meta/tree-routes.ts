import type { Routes } from './route.ts'

/** Trees: definitions, rules, branches and what did not fit. */
export const TREE_ROUTES: Routes = []
