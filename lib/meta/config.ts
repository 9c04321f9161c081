import type { Limits } from '../model/limits.ts'
import type { UidWidths } from '../model/series.ts'

/** What of the configuration /api/config shows; nothing that a stranger should not see, such as names of resources. */
export interface PublicConfig {
  readonly limits: Limits
  readonly uidWidths: UidWidths
  readonly saltBuckets: number
}

/** The configuration under OpenTSDB's property names where it has one, else under `tsd.limits.`; all values are text. */
export function describeConfig({ limits, uidWidths, saltBuckets }: PublicConfig): Record<string, string> {
  const described: Record<string, string | number | boolean> = {
    'tsd.core.auto_create_metrics': true,
    'tsd.core.auto_create_tagks': true,
    'tsd.core.auto_create_tagvs': true,
    'tsd.core.timezone': 'UTC',
    'tsd.http.request.enable_chunked': true,
    'tsd.http.request.max_chunk': limits.bodyBytes,
    'tsd.query.skip_unresolved_tagvs': false,
    'tsd.query.timeout': limits.queryMs,
    'tsd.storage.fix_duplicates': true,
    'tsd.storage.max_tags': limits.tags,
    'tsd.storage.salt.buckets': saltBuckets,
    'tsd.storage.uid.width.metric': uidWidths.metric,
    'tsd.storage.uid.width.tagk': uidWidths.tagk,
    'tsd.storage.uid.width.tagv': uidWidths.tagv,
  }
  for (const [name, value] of Object.entries(limits)) described[`tsd.limits.${name}`] = value
  return Object.fromEntries(Object.entries(described).map(([name, value]) => [name, String(value)]))
}
