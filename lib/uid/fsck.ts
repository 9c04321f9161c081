import type { UidKind, UidWidths } from '../model/series.ts'
import { uidToHex } from './hex.ts'
import { FORWARDS_PAGE, type UidTable } from './table.ts'

/** What is wrong with a name. */
export interface UidFault {
  readonly kind: UidKind
  readonly name: string
  /** Hex. */
  readonly uid: string
  readonly fault: string
}

/** What a look at names of one kind found. */
export interface UidCheck {
  /** Names looked at. */
  readonly checked: number
  readonly faults: readonly UidFault[]
  /** The name behind which to go on; absent once all were looked at. */
  readonly next?: string
}

/** What checking reads. */
type CheckedTable = Pick<UidTable, 'forwards' | 'readUids' | 'given'>

/**
 * Looks whether names lead to UIDs that lead back to them, and whether the counter is past every UID, so that none can be
 * given again. As a UID leads back to one name, two names can't have the same UID without one of them showing up.
 * @param after the name behind which to begin; '' for the first
 * @param atLeast names after which to stop, at the end of the answer that brought them
 * @throws StoreUnavailableError
 */
export async function checkNames(
  table: CheckedTable,
  widths: UidWidths,
  kind: UidKind,
  after: string,
  atLeast: number,
): Promise<UidCheck> {
  const faults: UidFault[] = []
  let checked = 0
  for await (const page of table.forwards(kind, '', after, Math.min(atLeast, FORWARDS_PAGE))) {
    // after the names: what they were given is counted by then
    const [given, reverses] = await Promise.all([
      table.given(kind),
      table.readUids(kind, [...new Set(page.map(({ uid }) => uid))]),
    ])
    for (const { name, uid } of page) {
      const fault = faultOf(name, uid, given, reverses.get(uid)?.name)
      if (fault !== undefined) faults.push({ kind, name, uid: uidToHex(uid, widths[kind]), fault })
    }
    checked += page.length
    const last = page.at(-1)
    if (checked >= atLeast && last !== undefined) return { checked, faults, next: last.name }
  }
  return { checked, faults }
}

function faultOf(name: string, uid: number, given: number, reverse: string | undefined): string | undefined {
  if (uid < 1 || uid > given) return `The counter is at ${given}: the UID would be given again`
  if (reverse === undefined) return 'The UID leads to no name'
  // a rename that was cut off leaves both names; asking for it again finishes it
  return reverse === name ? undefined : `The UID leads to ${reverse}`
}
