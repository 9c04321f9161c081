/** What a client would rather have: the header `Prefer`, RFC 7240. What of it is not known is passed over, as the RFC wants. */
export interface Preferences {
  /** `nan=omit`: no points whose values JSON has no number for. */
  readonly omitNaN: boolean
  /** `global-annotations`: those that belong to no series too, as if the query asked for them. */
  readonly globalAnnotations: boolean
}

/** @param prefer the header's value; several headers come as one, with commas between them */
export function readPreferences(prefer = ''): Preferences {
  const wanted = new Set(prefer.split(',').map((one) => one.split(';')[0]!.replace(/[\s"]/g, '').toLowerCase()))
  return { omitNaN: wanted.has('nan=omit'), globalAnnotations: wanted.has('global-annotations') }
}

/** The header that says what was followed; none where nothing was asked for. */
export function preferencesApplied({ omitNaN, globalAnnotations }: Preferences): Readonly<Record<string, string>> {
  const applied = [...(omitNaN ? ['nan=omit'] : []), ...(globalAnnotations ? ['global-annotations'] : [])]
  return applied.length === 0 ? {} : { 'preference-applied': applied.join(', ') }
}
