import type { Routes } from './route.ts'

/** What people note at a time, of a series or of all. */
export const ANNOTATION_ROUTES: Routes = []
