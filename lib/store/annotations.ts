import type {
  DeleteItemCommandInput,
  GetItemCommandInput,
  PutItemCommandInput,
  QueryCommandInput,
} from '@aws-sdk/client-dynamodb'
import { readUid, tsuidFromHex } from '../codec/tsuid.ts'
import { type Annotation, describeAnnotation, toMs as msOf } from '../model/annotation.ts'
import { CorruptDataError } from '../model/errors.ts'
import type { UidWidths } from '../model/series.ts'
import { textAt } from './attributes.ts'
import { type Dynamo, IS_NEW, type ItemKey, keyOf } from './dynamo.ts'
import { ConditionFailedError } from './errors.ts'
import { annotationSk, annotationsPk } from './keys.ts'

/** The last instant that has one behind it which 6 bytes hold. */
const LAST_MS = 2 ** 48 - 2

/** The metric that annotations of no series are kept under: no metric has this UID. */
export const GLOBAL_METRIC = 0

/** An annotation as it is stored, and its text, by which a later write tells whether somebody was faster. */
export interface StoredAnnotation {
  readonly annotation: Annotation
  readonly text: string
}

/**
 * The annotations in tsdb-meta. Those of all series of a metric lie together in order of time, so that a query reads what its
 * range holds in one request, however many hours that is.
 */
export class AnnotationStore {
  readonly #dynamo: Dynamo
  readonly #table: string
  readonly #widths: UidWidths

  constructor(dynamo: Dynamo, table: string, widths: UidWidths) {
    this.#dynamo = dynamo
    this.#table = table
    this.#widths = widths
  }

  /**
   * The annotation of a series, or of none, at a time, strongly consistently.
   * @param of its tsuid and its startTime, in seconds or milliseconds: the instant counts
   * @throws StoreUnavailableError
   */
  async get(of: Pick<Annotation, 'tsuid' | 'startTime'>): Promise<StoredAnnotation | undefined> {
    const item = await this.#dynamo.get(getAnnotationInput(this.#table, annotationKey(of, this.#widths)))
    if (item === undefined) return undefined
    const text = textAt(item, 'note')
    return { annotation: parseStored(text), text }
  }

  /**
   * Stores an annotation in place of what was read before.
   * @param before the text of what it replaces; undefined: there was none
   * @returns false where somebody else changed it meanwhile; then nothing is stored
   * @throws StoreUnavailableError
   */
  async put(annotation: Annotation, before: string | undefined): Promise<boolean> {
    const text = JSON.stringify(describeAnnotation(annotation))
    const key = annotationKey(annotation, this.#widths)
    try {
      await this.#dynamo.put(putAnnotationInput(this.#table, key, text, before))
      return true
    } catch (error) {
      if (!(error instanceof ConditionFailedError)) throw error
      // Our own write, whose answer was lost, or another's.
      return (await this.get(annotation))?.text === text
    }
  }

  /**
   * Deletes an annotation; where there is none, nothing happens.
   * @throws StoreUnavailableError
   */
  async delete(of: Pick<Annotation, 'tsuid' | 'startTime'>): Promise<void> {
    await this.#dynamo.delete(deleteAnnotationInput(this.#table, annotationKey(of, this.#widths)))
  }

  /** Deletes any number of annotations. @throws StoreUnavailableError */
  async deleteAll(annotations: readonly Pick<Annotation, 'tsuid' | 'startTime'>[]): Promise<void> {
    await this.#dynamo.batchDelete(
      this.#table,
      annotations.map((one) => annotationKey(one, this.#widths)),
    )
  }

  /**
   * The annotations of a metric's series that begin within a range, strongly consistently.
   * @param metric its UID; GLOBAL_METRIC: the global ones
   * @param fromMs milliseconds since 1970, inclusive
   * @param toMs milliseconds since 1970, inclusive
   * @yields those of one answer after the other, in order of their start
   * @throws StoreUnavailableError
   */
  async *range(metric: number, fromMs: number, toMs: number): AsyncGenerator<Annotation[]> {
    const [from, to] = [Math.max(0, fromMs), Math.min(toMs, LAST_MS)]
    if (to < from) return
    const input = rangeInput(this.#table, annotationsPk(metric, this.#widths), from, to)
    for await (const page of this.#dynamo.query(input)) {
      // BETWEEN takes the instant after the range along: keys without tags are as short as the bound itself
      yield page.map((item) => parseStored(textAt(item, 'note'))).filter((one) => msOf(one.startTime) <= toMs)
    }
  }
}

/** The key of an annotation. @param of tsuid: '' or upper-case hex that goes with the widths */
export function annotationKey(
  { tsuid, startTime }: Pick<Annotation, 'tsuid' | 'startTime'>,
  widths: UidWidths,
): ItemKey {
  const bytes = tsuidFromHex(tsuid)
  const metric = tsuid === '' ? GLOBAL_METRIC : readUid(bytes, 0, widths.metric)
  return {
    pk: annotationsPk(metric, widths),
    sk: annotationSk(msOf(startTime), bytes.subarray(widths.metric)),
  }
}

/** It was written by put; what is not JSON was put there by another hand. */
function parseStored(text: string): Annotation {
  try {
    const annotation: Annotation = JSON.parse(text)
    return annotation
  } catch {
    throw new CorruptDataError('annotation', `it is not JSON: ${text.slice(0, 64)}`)
  }
}

export function getAnnotationInput(table: string, key: ItemKey): GetItemCommandInput {
  return { TableName: table, Key: keyOf(key), ConsistentRead: true }
}

export function putAnnotationInput(
  table: string,
  key: ItemKey,
  text: string,
  before: string | undefined,
): PutItemCommandInput {
  return {
    TableName: table,
    Item: { ...keyOf(key), note: { S: text } },
    ConditionExpression: before === undefined ? IS_NEW : 'note = :before',
    ...(before !== undefined && { ExpressionAttributeValues: { ':before': { S: before } } }),
  }
}

export function deleteAnnotationInput(table: string, key: ItemKey): DeleteItemCommandInput {
  return { TableName: table, Key: keyOf(key) }
}

export function rangeInput(table: string, pk: Uint8Array, fromMs: number, toMs: number): QueryCommandInput {
  return {
    TableName: table,
    KeyConditionExpression: 'pk = :metric AND sk BETWEEN :from AND :before',
    ExpressionAttributeValues: {
      ':metric': { B: pk },
      ':from': { B: annotationSk(fromMs, NONE) },
      ':before': { B: annotationSk(toMs + 1, NONE) },
    },
    ConsistentRead: true,
  }
}

const NONE = new Uint8Array(0)
