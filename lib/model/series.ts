/** A series by its names: the metric and its tags, sorted by tag key (UTF-16 code units, as `<` compares). */
export interface SeriesName {
  readonly metric: string
  readonly tags: readonly (readonly [tagk: string, tagv: string])[]
}

/** The three kinds of names that get UIDs. */
export type UidKind = 'metric' | 'tagk' | 'tagv'

export const UID_KINDS: readonly UidKind[] = ['metric', 'tagk', 'tagv']

/** Bytes of a UID by kind; fixed when a store is first used. */
export interface UidWidths {
  readonly metric: number
  readonly tagk: number
  readonly tagv: number
}

export const DEFAULT_UID_WIDTHS: UidWidths = { metric: 3, tagk: 3, tagv: 4 }
