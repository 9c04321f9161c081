import { expect, test } from 'vitest'
import { DEFAULT_UID_WIDTHS } from '../../../lib/model/series.ts'
import { emptiedKeys } from '../../../lib/store/emptied.ts'
import { metadataKey } from '../../../lib/store/kairos-metadata.ts'
import { documentedBytes } from '../../helpers/docs.ts'
import { fromHex, toHex } from '../../helpers/hex.ts'

test('notes of emptied series lie where docs/format/tables.md says', () => {
  const { note, metric } = emptiedKeys(1, fromHex('00000100000100000001'), DEFAULT_UID_WIDTHS)
  const keys = [note.pk, note.sk, metric.pk, metric.sk].map(toHex).join('')
  expect(keys).toBe(toHex(documentedBytes('format/tables.md', 'keys of a note')))
})

test('metadata lie where docs/format/tables.md says', () => {
  const { pk, sk } = metadataKey({ service: 's', serviceKey: 'k', key: 'x' })
  expect(toHex(pk) + toHex(sk)).toBe(toHex(documentedBytes('format/tables.md', 'the key of metadata')))
})

test('a service key is never taken for the beginning of another', () => {
  const [short, long] = [
    metadataKey({ service: 's', serviceKey: 'k', key: 'kx' }),
    metadataKey({ service: 's', serviceKey: 'kk', key: 'x' }),
  ]
  expect(toHex(short.sk)).not.toBe(toHex(long.sk))
})
