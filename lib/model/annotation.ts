/** What somebody noted at a time: of one series, or of everything. */
export interface Annotation {
  /** Upper-case hex of the series; '' for a global one, which belongs to none. */
  readonly tsuid: string
  /** Seconds since 1970, or milliseconds where it is more than 32 bits: as it was given. Above 0. */
  readonly startTime: number
  /** Like startTime; 0 where it does not end. */
  readonly endTime: number
  readonly description: string
  readonly notes: string
  /** What else is known; undefined where nothing is. */
  readonly custom?: Readonly<Record<string, string>>
}

/** The greatest time that counts as seconds, as OpenTSDB tells them from milliseconds: what 32 bits hold. */
const MOST_SECONDS = 2 ** 32 - 1

/** Whether a time is in milliseconds and not in seconds. */
export function isMs(time: number): boolean {
  return time > MOST_SECONDS
}

/** A time in seconds or milliseconds as milliseconds since 1970. */
export function toMs(time: number): number {
  return isMs(time) ? time : time * 1000
}

/** An annotation with its fields in the order of OpenTSDB's JSON; `custom` only where there is some. */
export function describeAnnotation({ tsuid, description, notes, custom, startTime, endTime }: Annotation): object {
  return { tsuid, description, notes, ...(custom !== undefined && { custom }), startTime, endTime }
}

/** The order in which annotations are answered: by their start. */
export function byStart(a: Annotation, b: Annotation): number {
  return toMs(a.startTime) - toMs(b.startTime)
}
