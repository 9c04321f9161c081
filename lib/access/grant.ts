/** What a token may be made for: writing points and annotations, reading, and changing or deleting all else. None includes another. */
export const SCOPES = ['put', 'query', 'admin'] as const
export type Scope = (typeof SCOPES)[number]

/** What a caller may do. */
export interface Grant {
  /** Who it is, for logs. */
  readonly name: string
  readonly scopes: readonly Scope[]
  /** Beginnings of the names of metrics that it is limited to; none: all metrics. */
  readonly prefixes: readonly string[]
}

/** Whether a grant reaches a metric. */
export function reaches(grant: Grant, metric: string): boolean {
  return !isLimited(grant) || grant.prefixes.some((prefix) => metric.startsWith(prefix))
}

/** Whether a grant is limited to some metrics. */
export function isLimited({ prefixes }: Grant): boolean {
  return prefixes.length > 0
}

/** The scopes that a text lists, with commas or blanks between them; others are passed over. */
export function scopesOf(text: string): Scope[] {
  const words = text.split(/[\s,]+/)
  return SCOPES.filter((scope) => words.includes(scope))
}
