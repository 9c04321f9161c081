import { consumeBatch, createConsumer } from '../../lib/ingest/consume.ts'
import { DEFAULT_DEVICE_MAPPING, parseDeviceMapping } from '../../lib/ingest/device-mapping.ts'
import { DEFAULT_LIMITS } from '../../lib/model/limits.ts'
import { openTestStore } from './store.ts'

/** Stores points as the consumer does, one stream record for each list. */
export class PointWriter {
  readonly #store
  readonly #consumer
  #sequence = 0

  /** @param endpoint of a DynamoDB with the tables of startDynamo */
  constructor(endpoint: string) {
    this.#store = openTestStore({ endpoint })
    this.#consumer = createConsumer({
      store: this.#store,
      mapping: parseDeviceMapping(DEFAULT_DEVICE_MAPPING),
      limits: DEFAULT_LIMITS,
      blockTtlDays: 0,
    })
  }

  /**
   * @param json an array of points as /api/put takes them
   * @param arrivalMs when the stream took the record
   */
  async write(json: string, arrivalMs = Date.now()): Promise<void> {
    const record = { sequence: String(this.#sequence++), arrivalMs, shard: 0, bytes: Buffer.from(json) }
    const { failed } = await consumeBatch(this.#consumer, [record])
    if (failed !== undefined) throw failed.cause
  }

  close(): void {
    this.#store.close()
  }
}
