import { LimitExceededError, TsdbError } from '../model/errors.ts'
import type { Limits } from '../model/limits.ts'
import type { MetadataKey } from '../store/kairos-metadata.ts'
import { KairosRequestError } from './errors.ts'

/** A service is part of a partition key of 2,048 bytes, the other two of a sort key of 1,024. */
const SERVICE_BYTES = 1024
const KEYS_BYTES = 1000

/** When metadata are asked for that the service keeps for itself. */
export class OwnServiceError extends TsdbError {
  constructor(service: string) {
    super('kairos.ownService', 401, `The service ${service} is not open: names that begin with _ are kept`)
  }
}

/**
 * Checks what metadata are asked for.
 * @throws OwnServiceError, KairosRequestError
 */
export function checkMetadataKey({
  service,
  serviceKey = '',
  key = '',
}: Partial<MetadataKey> & { service: string }): void {
  if (service.startsWith('_')) throw new OwnServiceError(service)
  const [serviceBytes, keysBytes] = [Buffer.byteLength(service), Buffer.byteLength(serviceKey + key)]
  if (serviceBytes > SERVICE_BYTES) {
    throw new KairosRequestError(`A service's name has at most ${SERVICE_BYTES} bytes: ${serviceBytes}`)
  }
  if (keysBytes > KEYS_BYTES) {
    throw new KairosRequestError(`A service key and its key have at most ${KEYS_BYTES} bytes together: ${keysBytes}`)
  }
}

/** @throws LimitExceededError where a value is longer than documents may be */
export function checkMetadataValue(value: string, { documentBytes }: Limits): void {
  const bytes = Buffer.byteLength(value)
  if (bytes > documentBytes) throw new LimitExceededError('documentBytes', documentBytes, bytes, 'bytes of a value')
}
