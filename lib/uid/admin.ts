import { nameFault } from '../model/names.ts'
import { UID_KINDS, type UidKind, type UidWidths } from '../model/series.ts'
import { ConditionFailedError } from '../store/errors.ts'
import { UidAlreadyAssignedError, UidError } from './errors.ts'
import { uidToHex } from './hex.ts'
import type { UidResolver } from './resolver.ts'
import type { UidTable } from './table.ts'

/** How OpenTSDB's errors call the table of each kind. */
const KIND_WORD: Readonly<Record<UidKind, string>> = { metric: 'metrics', tagk: 'tagk', tagv: 'tagv' }

/** How many UIDs of a kind there are. */
export interface UidUsage {
  readonly kind: UidKind
  /** UIDs given away, also those that stand for nothing any more: none is given twice. */
  readonly used: number
  readonly available: number
}

/** What people do to names, as opposed to points that bring new ones. Nothing is cached here. */
export class UidAdmin {
  readonly #table: UidTable
  readonly #resolver: UidResolver
  readonly #widths: UidWidths

  constructor(table: UidTable, resolver: UidResolver) {
    this.#table = table
    this.#resolver = resolver
    this.#widths = resolver.widths
  }

  /**
   * Gives names UIDs that have none yet.
   * @param maxBytes UTF-8 bytes a name may have
   * @returns for each name its new UID, or in OpenTSDB's words why it gets none: it has one already, or breaks a rule
   * @throws StoreUnavailableError, UidWidthsMismatchError
   */
  async assign(kind: UidKind, names: readonly string[], maxBytes: number): Promise<Map<string, number | string>> {
    const answer = new Map<string, number | string>()
    const good: string[] = []
    for (const name of new Set(names)) {
      const fault = nameFault(kind, name, maxBytes)
      if (fault === undefined) good.push(name)
      else answer.set(name, fault)
    }
    await this.#resolver.epoch()
    const known = await this.#table.uidsOf(kind, good)
    for (const [name, uid] of known) {
      answer.set(name, `Name already exists with UID: ${uidToHex(uid, this.#widths[kind])}`)
    }
    this.#resolver.dropCaches()
    const assigned = await this.#resolver.assign(
      kind,
      good.filter((name) => !known.has(name)),
    )
    for (const [name, uid] of assigned) answer.set(name, uid instanceof UidError ? uid.message : uid)
    return answer
  }

  /**
   * Gives a UID another name: its series, points and documents go with it. Each step can be repeated, so that a rename that
   * was cut off is finished by asking for it again:
   *
   *     forward of the new name    nobody else can take it any more
   *     reverse                    from here on the UID is shown under the new name
   *     forward of the new name    again, should a rename the other way that is still under way have deleted it meanwhile
   *     epoch                      caches forget the old name within a minute
   *     forward of the old name    is deleted; points under it get a UID of their own from here on
   *     reverse                    is read: where somebody has given the old name back, its forward is put again
   *     epoch                      for those who cached the old forward in between
   *
   * So of renames there and back at once, however they are interleaved, no UID is left without a name that leads to it.
   *
   * @param maxBytes UTF-8 bytes a name may have
   * @throws UidError in OpenTSDB's words where the old name has no UID, the new one has another, or either breaks a rule
   */
  async rename(kind: UidKind, from: string, to: string, maxBytes: number): Promise<void> {
    const fault = nameFault(kind, from, maxBytes) ?? nameFault(kind, to, maxBytes)
    if (fault !== undefined) throw new UidError('uid.name', 400, fault)
    await this.#resolver.epoch()
    const known = await this.#table.uidsOf(kind, from === to ? [from] : [from, to])
    const uid = known.get(from)
    if (uid === undefined) throw new UidError('uid.unknown', 400, `Name("${from}") does not exist`)
    await this.#claim(kind, uid, from, to)
    try {
      await this.#table.renameReverse(kind, uid, from, to)
    } catch (error) {
      if (!(error instanceof ConditionFailedError)) throw error
      // somebody gave it a third name at the same time: theirs holds
      await this.#table.deleteForward(kind, to, uid)
      throw new UidError('uid.unknown', 400, `Name("${from}") does not exist`)
    }
    await this.#claim(kind, uid, from, to)
    await this.#table.raiseEpoch()
    await this.#table.deleteForward(kind, from, uid)
    const shown = (await this.#table.namesOf(kind, [uid])).get(uid)
    if (shown === from) await this.#claim(kind, uid, to, from)
    await this.#table.raiseEpoch()
    this.#resolver.dropCaches()
  }

  /** Lets the new name have the UID. */
  async #claim(kind: UidKind, uid: number, from: string, to: string): Promise<void> {
    const taken = (winner: number) =>
      new UidError(
        'uid.alreadyAssigned',
        400,
        `When trying rename("${from}", "${to}") on ${KIND_WORD[kind]}: new name already assigned ID=${uidToHex(winner, this.#widths[kind])}`,
      )
    if (from === to) throw taken(uid)
    try {
      await this.#table.putForward(kind, to, uid)
    } catch (error) {
      if (error instanceof UidAlreadyAssignedError) throw taken(error.winner)
      throw error
    }
  }

  /**
   * Takes a name its UID. What the UID stands for stays known, so that a point which was under way is shown under its name,
   * and the UID is never given to another name. Whether series use the name is for the caller to see to.
   * @returns the UID that the name had
   * @throws UidError where the name has no UID
   */
  async remove(kind: UidKind, name: string): Promise<number> {
    const uid = (await this.#table.uidsOf(kind, [name])).get(name)
    if (uid === undefined) throw new UidError('uid.unknown', 400, `Name("${name}") does not exist`)
    await this.#table.deleteForward(kind, name, uid)
    await this.#table.raiseEpoch()
    this.#resolver.dropCaches()
    return uid
  }

  /** How many UIDs of each kind are given away, and how many are left. */
  async usage(): Promise<UidUsage[]> {
    return Promise.all(
      UID_KINDS.map(async (kind) => {
        const all = 256 ** this.#widths[kind] - 1
        const used = Math.min(all, await this.#table.given(kind))
        return { kind, used, available: all - used }
      }),
    )
  }
}
