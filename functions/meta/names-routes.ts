import type { Routes } from './route.ts'
import { suggestByBody, suggestByParameters } from './suggest.ts'
import { assignUids, checkUids, deleteUids, renameUid } from './uid.ts'
import { TS_META, UID_META } from './uid-meta.ts'

/** Names, their UIDs and what is known of both. */
export const NAMES_ROUTES: Routes = [
  ['/api/suggest', { GET: suggestByParameters, POST: suggestByBody }],
  ['/suggest', { GET: suggestByParameters }],
  ['/api/uid/assign', { GET: assignUids, POST: assignUids }],
  ['/api/uid/rename', { GET: renameUid, POST: renameUid }],
  ['/api/uid/uidmeta', UID_META],
  ['/api/uid/tsmeta', TS_META],
  // not OpenTSDB's: what its command line does with the store at hand
  ['/api/uid/delete', { POST: deleteUids }],
  ['/api/uid/fsck', { GET: checkUids, POST: checkUids }],
]
