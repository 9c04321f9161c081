import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeRowKey } from '../../../lib/codec/row-key.ts'
import { encodeTsuid } from '../../../lib/codec/tsuid.ts'
import { CorruptDataError } from '../../../lib/model/errors.ts'
import { DEFAULT_UID_WIDTHS } from '../../../lib/model/series.ts'
import {
  ackKey,
  blockPk,
  blockSk,
  counterKey,
  dayOf,
  decodeBlockKey,
  decodeLedgerPk,
  decodeRejectSk,
  decodeTokenKey,
  directoryKey,
  hourOfDay,
  layoutKey,
  ledgerKey,
  nameKey,
  placeOf,
  placeSk,
  postingsPageKey,
  rejectPk,
  rejectSk,
  seriesLogPk,
  seriesLogSk,
  tokenKey,
  UNPLACED_FROM,
  uidKey,
  uidSettingsKey,
} from '../../../lib/store/keys.ts'
import { documentedBytes } from '../../helpers/docs.ts'
import { fromHex, toHex } from '../../helpers/hex.ts'

const HOUR = 1_356_998_400
const joined = (...parts: Uint8Array[]) => parts.map(toHex).join('')
const documented = (name: string) => toHex(documentedBytes('format/tables.md', name))

const block = {
  shelf: 3,
  baseTime: HOUR,
  writtenAt: 1_356_998_425_000,
  shard: 2,
  firstSequence: 258n,
  lastSequence: 259n,
}

describe('the keys in docs/format/tables.md', () => {
  it('are those of a block', () => {
    const sk = blockSk(block, Buffer.from('block'))
    expect(joined(blockPk(3, HOUR), sk)).toBe(documented("a block's keys"))
    expect(decodeBlockKey(blockPk(3, HOUR), sk)).toEqual(block)
    expect(placeOf(sk)).toBeUndefined()
  })

  it('are those of a block with a place', () => {
    const place = { run: 2, number: 7 }
    const sk = blockSk({ ...block, place }, Buffer.from('block'))
    expect(joined(blockPk(3, HOUR), sk)).toBe(documented('the keys of a block with a place'))
    expect(decodeBlockKey(blockPk(3, HOUR), sk)).toEqual({ ...block, place })
    expect(placeOf(sk)).toEqual(place)
  })

  it('are those of a ledger item', () => {
    const { pk, sk } = ledgerKey(3, dayOf(HOUR + 7200))
    expect(joined(pk, sk)).toBe(documented("a ledger item's keys"))
    expect(decodeLedgerPk(pk)).toEqual({ shelf: 3, day: HOUR })
  })

  it('are those of a token', () => {
    const { pk, sk } = tokenKey('0123456789abcdef')
    expect(joined(pk, sk)).toBe(documented('the key of the token 0123456789abcdef'))
    expect(decodeTokenKey(sk)).toBe('0123456789abcdef')
  })

  it('are those of a row', () => {
    const tsuid = encodeTsuid(1, [[1, 1]], DEFAULT_UID_WIDTHS)
    const { pk, sk } = encodeRowKey({ salt: 0, tsuid, baseTime: HOUR, part: 0 }, DEFAULT_UID_WIDTHS)
    expect(joined(pk, sk)).toBe(documented("a row's keys"))
  })

  it('are those of a tag key', () => {
    const [forward, reverse, counter] = [nameKey('tagk', 'host'), uidKey('tagk', 1, 3), counterKey('tagk')]
    expect(joined(forward.pk, forward.sk, reverse.pk, reverse.sk, counter.pk, counter.sk)).toBe(
      documented('the forward, the reverse and the counter of tag key host'),
    )
    expect(joined(uidSettingsKey().pk, uidSettingsKey().sk)).toBe('0000')
  })

  it('are those of tsdb-meta', () => {
    const ack = ackKey(fromHex('000102030405060708090a0b0c0d0e0f'), 1)
    const reject = { arrival: 1_356_998_421_000, shard: 2, sequence: 258n }
    const rejectSortKey = rejectSk(reject, Buffer.from('content'), 0)
    const directory = directoryKey(1, 2, DEFAULT_UID_WIDTHS)
    const page = postingsPageKey(1, 2, fromHex('0102030405060708'), DEFAULT_UID_WIDTHS)
    expect(
      joined(
        ...[layoutKey().pk, layoutKey().sk],
        ...[seriesLogPk(1, 3), seriesLogSk(block.writtenAt, Buffer.from('page'))],
        ...[ack.pk, ack.sk],
        ...[rejectPk(HOUR), rejectSortKey],
        ...[directory.pk, directory.sk, page.pk, page.sk],
      ),
    ).toBe(documented('keys of tsdb-meta'))
    expect(decodeRejectSk(rejectSortKey)).toEqual({ ...reject, chunk: 0 })
  })
})

describe('blockSk(key, bytes)', () => {
  it('sorts by time, shard and sequence number', () => {
    const key = fc.record({
      writtenAt: fc.integer({ min: 2 ** 40, max: 2 ** 42 }),
      shard: fc.nat(70_000),
      firstSequence: fc.bigInt({ min: 0n, max: 2n ** 190n }),
    })
    const bytes = new Uint8Array()
    const before = (a: typeof block, b: typeof block) =>
      a.writtenAt - b.writtenAt || a.shard - b.shard || (a.firstSequence < b.firstSequence ? -1 : 1)
    fc.assert(
      fc.property(key, key, (a, b) => {
        const [x, y] = [a, b].map((each) => ({ ...block, ...each }))
        if (x === undefined || y === undefined || JSON.stringify(a, text) === JSON.stringify(b, text)) return
        expect(Math.sign(Buffer.compare(blockSk(x, bytes), blockSk(y, bytes)))).toBe(Math.sign(before(x, y)))
      }),
    )
  })

  it('sorts blocks with a place by it, and before all others, whatever their clocks said', () => {
    const number = fc.integer({ min: 0, max: 2 ** 32 - 1 })
    const place = fc.record({ run: number, number })
    const bytes = new Uint8Array()
    fc.assert(
      fc.property(place, place, fc.nat(2 ** 42), fc.nat(2 ** 42), (a, b, one, two) => {
        const [x, y] = [blockSk({ ...block, place: a, writtenAt: one }, bytes), blockSk({ ...block, place: b }, bytes)]
        const order = Math.sign(a.run - b.run || a.number - b.number)
        if (order !== 0) expect(Math.sign(Buffer.compare(x, y))).toBe(order)
        // What bounds a range lies between the keys before it and its own.
        expect(Buffer.compare(placeSk(a), x)).toBe(-1)
        if (order !== 0) expect(Math.sign(Buffer.compare(placeSk(a), y))).toBe(order)
        const unplaced = blockSk({ ...block, writtenAt: two }, bytes)
        expect(Buffer.compare(x, UNPLACED_FROM)).toBe(-1)
        expect(Buffer.compare(UNPLACED_FROM, unplaced)).toBe(-1)
        expect(placeOf(unplaced)).toBeUndefined()
      }),
    )
  })

  it('stays far below the 1024 bytes of a sort key', () => {
    const longest = 10n ** 129n - 1n
    expect(blockSk({ ...block, firstSequence: longest, lastSequence: longest }, new Uint8Array()).length).toBe(128)
    const place = { run: 1, number: 1 }
    expect(blockSk({ ...block, place, firstSequence: longest, lastSequence: longest }, new Uint8Array()).length).toBe(
      137,
    )
  })
})

describe('dayOf and hourOfDay(seconds)', () => {
  it('cut at UTC midnight and at the hour', () => {
    expect(dayOf(HOUR + 86_399)).toBe(HOUR)
    expect([0, 3599, 3600, 86_399].map((s) => hourOfDay(HOUR + s))).toEqual([0, 0, 1, 23])
  })
})

describe('keys that do not fit', () => {
  it('are refused', () => {
    expect(() => blockPk(65_536, HOUR)).toThrow(RangeError)
    expect(() => blockPk(1.5, HOUR)).toThrow(RangeError)
    expect(() => blockPk(1, 2 ** 32)).toThrow(RangeError)
    expect(() => uidKey('metric', 2 ** 24, 3)).toThrow(RangeError)
  })

  it('of other items are refused when read', () => {
    expect(() => decodeLedgerPk(blockPk(3, HOUR))).toThrow(CorruptDataError)
    expect(() => decodeBlockKey(ledgerKey(3, HOUR).pk, new Uint8Array())).toThrow(CorruptDataError)
    expect(() => decodeBlockKey(blockPk(3, HOUR), fromHex('0000'))).toThrow(CorruptDataError)
    expect(() => placeOf(fromHex('0000'))).toThrow(CorruptDataError)
    expect(() => decodeRejectSk(fromHex('00'))).toThrow(CorruptDataError)
  })
})

function text(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
