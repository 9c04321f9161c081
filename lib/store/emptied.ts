import type { QueryCommandInput } from '@aws-sdk/client-dynamodb'
import { ByteWriter } from '../codec/bytes.ts'
import type { Posting } from '../codec/postings.ts'
import { readUid, tsuidToHex, writeUid } from '../codec/tsuid.ts'
import type { UidWidths } from '../model/series.ts'
import { bytesAt, numberAt } from './attributes.ts'
import { type Dynamo, type ItemKey, keyOf, numberOf } from './dynamo.ts'
import { mapParallel } from './parallel.ts'

/** First byte of partition keys in tsdb: behind it the metric, or nothing for the list of metrics. */
const EMPTIED = 0xf8

const PARALLEL_WRITES = 16

/**
 * Notes of series that had no point left once some were deleted. The index goes on naming them, since a series may come back
 * any moment and whoever writes its points knows it as indexed; who shows which series there are looks at these notes.
 */
export class EmptiedSeries {
  readonly #dynamo: Dynamo
  readonly #table: string
  readonly #widths: UidWidths

  constructor(dynamo: Dynamo, table: string, widths: UidWidths) {
    this.#dynamo = dynamo
    this.#table = table
    this.#widths = widths
  }

  /**
   * Notes series as empty.
   * @param series of one metric, with the days that the index named when they were found empty
   * @throws StoreUnavailableError
   */
  async note(metric: number, series: readonly Posting[]): Promise<void> {
    if (series.length === 0) return
    // the metric first: a note that its list lacks would not be found
    await this.#dynamo.put({ TableName: this.#table, Item: keyOf(metricKey(metric, this.#widths)) })
    await mapParallel(series, PARALLEL_WRITES, async ({ tsuid, firstDay, lastDay }) => {
      const key = keyOf(emptiedKeys(metric, tsuid, this.#widths).note)
      const Item = { ...key, firstDay: numberOf(firstDay), lastDay: numberOf(lastDay) }
      await this.#dynamo.put({ TableName: this.#table, Item })
    })
  }

  /** The notes of a metric's series, by TSUID in hex, strongly consistently. @throws StoreUnavailableError */
  async read(metric: number): Promise<Map<string, Posting>> {
    const notes = new Map<string, Posting>()
    for await (const page of this.#dynamo.query(this.#query(notesPk(metric, this.#widths)))) {
      for (const item of page) {
        const tsuid = bytesAt(item, 'sk')
        const note = { tsuid, firstDay: numberAt(item, 'firstDay'), lastDay: numberAt(item, 'lastDay') }
        notes.set(tsuidToHex(tsuid), note)
      }
    }
    return notes
  }

  /** The metrics of which series were ever noted. @throws StoreUnavailableError */
  async metrics(): Promise<number[]> {
    const metrics: number[] = []
    for await (const page of this.#dynamo.query(this.#query(Uint8Array.of(EMPTIED)))) {
      for (const item of page) metrics.push(readUid(bytesAt(item, 'sk'), 0, this.#widths.metric))
    }
    return metrics
  }

  #query(pk: Uint8Array): QueryCommandInput {
    return {
      TableName: this.#table,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': { B: pk } },
      ConsistentRead: true,
    }
  }
}

/** Where the note of a series lies, and its metric's item. */
export function emptiedKeys(metric: number, tsuid: Uint8Array, widths: UidWidths): { note: ItemKey; metric: ItemKey } {
  return { note: { pk: notesPk(metric, widths), sk: tsuid }, metric: metricKey(metric, widths) }
}

function metricKey(metric: number, widths: UidWidths): ItemKey {
  const sk = new Uint8Array(widths.metric)
  writeUid(sk, 0, widths.metric, metric)
  return { pk: Uint8Array.of(EMPTIED), sk }
}

function notesPk(metric: number, widths: UidWidths): Uint8Array {
  return new ByteWriter(8).u8(EMPTIED).raw(metricKey(metric, widths).sk).finish()
}
