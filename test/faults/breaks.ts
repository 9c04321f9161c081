import { readFileSync } from 'node:fs'
import { PROJECT_DIR } from '../../local/paths.ts'

/** A fault in the code itself, put there on purpose: a checker that can't find any finds nothing. */
export interface Break {
  readonly name: string
  /** What is lost by it. */
  readonly why: string
  /** From the project's root. */
  readonly file: string
  /** Text that the file has once. */
  readonly from: string
  readonly to: string
}

export const BREAKS: readonly Break[] = [
  {
    name: 'late notes',
    why: 'a block that is stored after its hour was sealed is not counted: nobody reads it',
    file: 'lib/ingest/write-blocks.ts',
    from: 'ledger.noteLate(shelf, baseTime, key)',
    to: 'Promise.resolve()',
  },
  {
    name: 'unprocessed items',
    why: 'what a BatchWriteItem gave back is taken for written',
    file: 'lib/store/dynamo.ts',
    from: 'rest = answer.UnprocessedItems?.[table] ?? []',
    to: 'rest = []',
  },
  {
    name: 'failed records',
    why: 'what a PutRecords refused is taken for being on the stream',
    file: 'lib/ingest/point-stream.ts',
    from: 'result?.SequenceNumber !== undefined && result.ErrorCode === undefined',
    to: 'result !== undefined',
  },
  {
    name: 'counter of late notes',
    why: 'an hour is marked as sealed although late blocks came meanwhile',
    file: 'lib/store/ledger-inputs.ts',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the text of code
    from: '`${isHeld(names)} AND ${noneCameMeanwhile}`',
    to: '(noneCameMeanwhile, isHeld(names))',
  },
  {
    name: 'first come',
    why: 'two who give a new name a UID both think that theirs counts',
    file: 'lib/uid/table.ts',
    from: 'Item: { ...keyOf(nameKey(kind, name)), uid: numberOf(uid) },\n    ConditionExpression: IS_NEW,',
    to: 'Item: { ...keyOf(nameKey(kind, name)), uid: numberOf(uid) },',
  },
  {
    name: 'trees after series',
    why: 'who dies between noting a series as known and planting it leaves it out of every tree',
    file: 'lib/ingest/consume.ts',
    from: '(tsuids) => gardener?.plantNew(tsuids) ?? Promise.resolve(),',
    to: 'async (tsuids) => void setImmediate(() => gardener?.plantNew(tsuids).catch(() => {})),',
  },
  {
    name: 'failed batches',
    why: 'a batch that could not be stored is taken for stored',
    file: 'functions/consume.ts',
    from: 'const from = failed?.from ?? next',
    to: 'const from = next ?? (failed, undefined)',
  },
  {
    name: 'kept blocks',
    why: 'a reader that knows some blocks of an hour does not ask for those that came since',
    file: 'lib/query/cached-blocks.ts',
    from: 'for (const each of pages) yield*',
    to: 'for (const each of pages.slice(pages.length)) yield*',
  },
  {
    name: 'blocks without a place',
    why: 'a reader that knows some blocks without a place does not ask for those that came since',
    file: 'lib/query/cached-blocks.ts',
    from: '(hour.indexOf(sk) ?? known) >= known',
    to: '(hour.indexOf(sk) ?? -1) >= known',
  },
  {
    name: 'runs',
    why: 'all writers take the same run for theirs: blocks of one are behind those that a reader knows of another',
    file: 'lib/store/ledger.ts',
    from: 'numberAt(counts, hourAttributes(hour.baseTime).runs) - 1',
    to: '0 * numberAt(counts, hourAttributes(hour.baseTime).runs)',
  },
  {
    name: 'kept rows',
    why: 'a reader takes rows that it knows for those of now, though the hour was sealed again',
    file: 'lib/query/cached-rows.ts',
    from: 'hour === undefined || hour.version !== versions.get(baseTime)',
    to: 'hour === undefined',
  },
]

/**
 * A break's file with its text changed.
 * @throws Error where the file does not have the text once: then the break is of the past
 */
export function breakIn({ file, from, to }: Break): string {
  const text = readFileSync(`${PROJECT_DIR}${file}`, 'utf8')
  if (text.split(from).length !== 2) throw new Error(`${file} does not have once: ${from}`)
  // Not by a pattern: what replaces may have dollar signs.
  return text.split(from).join(to)
}
