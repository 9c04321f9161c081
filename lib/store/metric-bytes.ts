import { ByteReader, ByteWriter } from '../codec/bytes.ts'

/** Metrics noted of a shelf's hour, those with the most bytes; a hot metric or a part of one is always among them. */
const NOTED = 16

/** What a metric has less than of the hour's bytes is not noted: the ledger is read and written often, so it is kept small. */
const LEAST_PART = 1 / 64

/** The metrics worth noting, as the ledger holds them: UID and bytes as varints, the largest first. */
export function encodeMetricBytes(metricBytes: ReadonlyMap<number, number>, blockBytes: number): Uint8Array {
  const most = [...metricBytes].filter(([, bytes]) => bytes >= blockBytes * LEAST_PART).sort((a, b) => b[1] - a[1])
  const writer = new ByteWriter(128)
  for (const [metric, bytes] of most.slice(0, NOTED)) writer.varint(metric).varint(Math.round(bytes))
  return writer.finish()
}

/**
 * The mirror of encodeMetricBytes.
 * @throws CorruptDataError
 */
export function decodeMetricBytes(noted: Uint8Array): Map<number, number> {
  const reader = new ByteReader(noted, 'metrics of a ledger item')
  const metricBytes = new Map<number, number>()
  while (reader.remaining > 0) metricBytes.set(reader.varint(), reader.varint())
  return metricBytes
}
