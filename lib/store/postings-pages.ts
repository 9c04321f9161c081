import { type PageEntry, type Posting, tagvAt } from '../codec/postings.ts'
import { readUid, writeUid } from '../codec/tsuid.ts'
import type { UidWidths } from '../model/series.ts'

// What is done with postings between reading and writing them: which pages, which order. No I/O.

/** What a series must have: a tag, and where `tagvs` is given one of these values. */
export interface TagConstraint {
  readonly tagk: number
  readonly tagvs?: ReadonlySet<number>
}

/** A posting under its key in a list. */
export interface Keyed {
  readonly key: Uint8Array
  readonly posting: Posting
}

/** Whether a series has the tag, and one of the values wanted. */
export function meets(tsuid: Uint8Array, { tagk, tagvs }: TagConstraint, widths: UidWidths): boolean {
  const at = tagvAt(tsuid, tagk, widths)
  return at >= 0 && (tagvs === undefined || tagvs.has(readUid(tsuid, at, widths.tagv)))
}

/** The days of two postings of one series together; `a` itself where they are no more than its own. */
export function spanOf(a: Posting, b: Posting): Posting {
  const firstDay = Math.min(a.firstDay, b.firstDay)
  const lastDay = Math.max(a.lastDay, b.lastDay)
  return firstDay === a.firstDay && lastDay === a.lastDay ? a : { tsuid: a.tsuid, firstDay, lastDay }
}

/** @returns both lists in one, each series once; undefined where `added` brings nothing new */
export function mergeSorted(held: readonly Keyed[], added: readonly Keyed[]): Keyed[] | undefined {
  const merged: Keyed[] = []
  let fresh = false
  let at = 0
  const take = (one: Keyed) => {
    const last = merged.at(-1)
    if (last === undefined || Buffer.compare(last.key, one.key) !== 0) {
      merged.push(one)
      return true
    }
    const posting = spanOf(last.posting, one.posting)
    if (posting === last.posting) return false
    merged[merged.length - 1] = { key: last.key, posting }
    return true
  }
  for (const one of added) {
    for (; at < held.length && Buffer.compare(held[at]!.key, one.key) <= 0; at++) take(held[at]!)
    if (take(one)) fresh = true
  }
  for (; at < held.length; at++) take(held[at]!)
  return fresh ? merged : undefined
}

/** Index of the page that a key belongs into; -1 where there are no pages. */
export function pageIndex(pages: readonly PageEntry[], key: Uint8Array): number {
  let [low, high] = [0, pages.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (Buffer.compare(pages[middle]!.from, key) <= 0) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** Sorted entries by the page that they belong into; without pages all together. */
export function byPage(
  pages: readonly PageEntry[],
  added: readonly Keyed[],
): { page: PageEntry | undefined; entries: Keyed[] }[] {
  const groups: { page: PageEntry | undefined; entries: Keyed[] }[] = []
  for (const one of added) {
    const page = pages[pageIndex(pages, one.key)]
    const last = groups.at(-1)
    if (last !== undefined && last.page === page) last.entries.push(one)
    else groups.push({ page, entries: [one] })
  }
  return groups
}

/** The pages of a tag key's list that may hold some of its values; all of them where `tagvs` is undefined. */
export function pagesOf(
  pages: readonly PageEntry[],
  tagvs: ReadonlySet<number> | undefined,
  widths: UidWidths,
): PageEntry[] {
  if (tagvs === undefined) return [...pages]
  const found = new Set<number>()
  for (const tagv of tagvs) {
    const start = new Uint8Array(widths.tagv)
    writeUid(start, 0, widths.tagv, tagv)
    for (let i = Math.max(0, pageIndex(pages, start)); i < pages.length; i++) {
      if (Buffer.compare(pages[i]!.from.subarray(0, widths.tagv), start) > 0) break
      found.add(i)
    }
  }
  return [...found].sort((a, b) => a - b).map((i) => pages[i]!)
}

/** The tag value that a page of a tag key's list begins with; 0 for the first page. */
export function startOf(page: PageEntry, width: number): number {
  return page.from.length === 0 ? 0 : readUid(page.from, 0, width)
}
