// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how the templates of a device mapping are written
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DEFAULT_DEVICE_MAPPING, type DeviceMapping, parseDeviceMapping } from '../../../lib/ingest/device-mapping.ts'
import { Faults } from '../../../lib/ingest/faults.ts'
import { readJsonRecord } from '../../../lib/ingest/json-record.ts'
import { DEFAULT_LIMITS } from '../../../lib/model/limits.ts'
import { KIND_FLOAT, KIND_MS } from '../../../lib/model/points.ts'

const ARRIVAL_MS = 1_700_000_000_500
const DEFAULT = parseDeviceMapping('{}')

/** What a record holds, a line a point: `metric{k=v} time value`, and its faults. `f` marks doubles, `ms` milliseconds. */
function read(record: string | Uint8Array, mapping: DeviceMapping = DEFAULT): { points: string[]; faults: string } {
  const faults = new Faults()
  const batches = readJsonRecord(Buffer.from(record), ARRIVAL_MS, mapping, DEFAULT_LIMITS, faults)
  const points = batches.flatMap(({ batch }) =>
    Array.from({ length: batch.points.count }, (_, i) => {
      const { metric, tags } = batch.series[batch.seriesOf[i]!]!
      const kind = batch.points.kinds[i]!
      const value = `${batch.points.bigs.get(i) ?? batch.points.values[i]}${kind & KIND_FLOAT ? 'f' : ''}`
      const time = kind & KIND_MS ? `${batch.points.times[i]}ms` : `${batch.points.times[i]! / 1000}`
      return `${metric}{${tags.map((tag) => tag.join('=')).join(',')}} ${time} ${value}`
    }),
  )
  return { points, faults: faults.reason() }
}

const point = (value: number | string) => `{"metric":"m","timestamp":1356998400,"value":${value},"tags":{"k":"v"}}`

describe('readJsonRecord, points', () => {
  const READ = 'm{k=v} 1356998400 1'

  test('reads one point', () => expect(read(point(1))).toEqual({ points: [READ], faults: '' }))
  test('reads an array', () => expect(read(`[${point(1)},${point(1)}]`).points).toEqual([READ, READ]))
  test('reads points by line', () => expect(read(`${point(1)}\n[${point(1)}]\n`).points).toEqual([READ, READ]))
  test('reads points one after the other', () => expect(read(point(1) + point(1)).points).toEqual([READ, READ]))
  test('reads past a byte order mark', () => expect(read(`\ufeff${point(1)}`).points).toEqual([READ]))
  test('keeps 64-bit integers', () =>
    expect(read(point('9223372036854775807')).points).toEqual(['m{k=v} 1356998400 9223372036854775807']))
  test('takes a point with a tag called payload for a point', () =>
    expect(read('{"metric":"m","timestamp":1,"value":1,"tags":{"payload":"v"}}').points).toEqual(['m{payload=v} 1 1']))

  test('lists a bad point by its place in the record and keeps the good ones', () => {
    const { points, faults } = read(`[${point(1)},${point('"x"')}]\n${point('"y"')}\n${point(1)}`)
    expect(points).toEqual([READ, READ])
    expect(faults).toBe('point 1: Unable to parse value to a number\npoint 2: Unable to parse value to a number')
  })

  test('lists a line that is not JSON and keeps the others', () => {
    const { points, faults } = read(`${point(1)}\n{"metric":\n${point(1)}`)
    expect(points).toEqual([READ, READ])
    expect(faults).toContain('value 1: Unable to parse the given JSON')
  })

  test('says that a record is empty', () => expect(read(' \n')).toEqual({ points: [], faults: 'The record is empty' }))

  test('never throws and always says why nothing was read, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.json(), fc.string()), (bytes) => {
        const { points, faults } = read(bytes)
        expect(points.length > 0 || faults !== '').toBe(true)
      }),
    )
  })

  test('bounds the reason and the time that a record of nothing but faults takes', () => {
    const { faults } = read('x\n'.repeat(100_000))
    expect(faults.length).toBeLessThan(4096)
    const [, more] = /\nand (\d+) more$/.exec(faults) ?? []
    expect(faults.split('\n').length - 1 + Number(more)).toBe(10_000)
  })
})

/** A message as the IoT rule puts it on the stream. */
function message(payload: string, envelope: Record<string, unknown> = {}): string {
  return JSON.stringify({
    payload: Buffer.from(payload).toString('base64'),
    topic: 'plant/hall-2/press-7',
    clientId: 'esp32-a4cf12',
    time: 1_700_000_000_123,
    ...envelope,
  })
}

describe('readJsonRecord, device messages', () => {
  const tags = 'device=esp32-a4cf12,topic=plant/hall-2/press-7'

  test('makes a point of each numeric field, nested ones dotted, booleans 0 and 1, at the time of the envelope', () => {
    expect(read(message('{"temp":21.5,"on":true,"off":false,"wifi":{"rssi":-61}}'))).toEqual({
      points: [
        `iot.temp{${tags}} 1700000000123ms 21.5f`,
        `iot.on{${tags}} 1700000000123ms 1`,
        `iot.off{${tags}} 1700000000123ms 0`,
        `iot.wifi.rssi{${tags}} 1700000000123ms -61`,
      ],
      faults: '',
    })
  })

  test('keeps 64-bit integers', () =>
    expect(read(message('{"wh":9007199254740993}')).points).toEqual([
      `iot.wh{${tags}} 1700000000123ms 9007199254740993`,
    ]))

  test('reads OpenTSDB points, one, an array or lines', () => {
    const want = 'm{k=v} 1356998400 1'
    expect(read(message(point(1))).points).toEqual([want])
    expect(read(message(`[${point(1)},${point(1)}]`)).points).toEqual([want, want])
    expect(read(message(`${point(1)}\n${point(1)}`)).points).toEqual([want, want])
  })

  test('reads several messages of fields in an array or lines, each with its own time', () => {
    const want = [`iot.t{${tags}} 1700000001 1`, `iot.t{${tags}} 1700000002 2`]
    expect(read(message('[{"ts":1700000001,"t":1},{"ts":1700000002,"t":2}]')).points).toEqual(want)
    expect(read(message('{"ts":1700000001,"t":1}\n{"ts":1700000002,"t":2}')).points).toEqual(want)
  })

  test('takes a bare number for the field "value"', () =>
    expect(read(message('21.5')).points).toEqual([`iot.value{${tags}} 1700000000123ms 21.5f`]))

  test('takes the time of arrival where the envelope has none', () =>
    expect(read(message('1', { time: undefined })).points).toEqual([`iot.value{${tags}} 1700000000500ms 1`]))

  const times = (written: string, want: string) =>
    test(`reads the time ${written} as ${want}`, () =>
      expect(read(message(`{"t":1,"ts":${written}}`)).points).toEqual([`iot.t{${tags}} ${want} 1`]))

  times('1700000001', '1700000001')
  times('1700000001.25', '1700000001250ms')
  times('1700000001250', '1700000001250ms')
  times('"2023-11-14T22:13:21Z"', '1700000001')
  times('"2023-11-14T23:13:21.25+01:00"', '1700000001250ms')
  times('null', '1700000000123ms')

  const rejects = (payload: string, fault: string, mapping = DEFAULT) =>
    test(`rejects of ${payload.slice(0, 60)}: ${fault}`, () => {
      const { faults } = read(message(payload), mapping)
      expect(faults.slice(0, fault.length)).toBe(fault)
    })

  rejects('{"ssid":"plant"}', "field ssid: a string can't be a point")
  rejects('{"a":{"b":[1]}}', "field a.b: an array can't be a point")
  rejects('{"a":null}', "field a: null can't be a point")
  rejects('{"a":1e999}', 'field a: 1e999 is more than a double can hold')
  rejects('{"a":9223372036854775808}', 'field a: 9223372036854775808 is an integer of more than 64 bits')
  rejects('{"a b":1,"a_b":2}', 'field a_b: has the same series as the field a b: iot.a_b')
  rejects('{"ts":12,"a":1}', 'the time field ts is 12, neither seconds nor milliseconds')
  rejects('{"time":"2023-11-14T22:13:21","a":1}', 'the time field time is "2023-11-14T22:13:21", neither')
  rejects('{}', 'the message has no fields')
  rejects('temp=21', 'Unable to parse the given JSON')
  rejects(' ', 'The message is empty')
  rejects('{"a":1}', 'no device mapping is for the topic "plant/hall-2/press-7"', parseDeviceMapping('{"topic":"x/#"}'))
  rejects(
    '{"a":1}',
    'field a: the message lacks what the metric is made of',
    parseDeviceMapping('{"metric":"${topic[9]}.${field}"}'),
  )
  rejects(
    '{"a":1}',
    'field a: the message lacks what the tags are made of',
    parseDeviceMapping('{"tags":{"x":"${payload.x}"}}'),
  )

  test('keeps the good fields of a message with bad ones', () => {
    const { points, faults } = read(message('{"ssid":"plant","t":1}'))
    expect(points).toEqual([`iot.t{${tags}} 1700000000123ms 1`])
    expect(faults).toContain('ssid')
  })

  test('rejects an envelope whose payload is not text', () =>
    expect(read('{"payload":{"a":1},"topic":"t"}').faults).toBe('The payload of a device message must be base64 text'))

  test('names metrics and tags by template, leaves out a tag that the message lacks, and ignores what it is told to', () => {
    const mapping = parseDeviceMapping(`{
      "topic": "plant/+/+",
      "metric": "\${topic[1]}.\${field}",
      "tags": { "site": "\${topic[2]}", "machine": "\${topic[-1]}", "fw": "\${payload.sys.fw}", "lot": "\${payload.lot}" },
      "time": ["sys.at"],
      "ignore": ["ssid", "debug.*"]
    }`)
    const payload = '{"t":1,"sys":{"fw":"v1.2 rc","at":1700000001},"ssid":"plant","debug":{"stack":"x","heap":3}}'
    expect(read(message(payload), mapping)).toEqual({
      points: ['plant.t{fw=v1.2_rc,machine=press-7,site=hall-2} 1700000001 1'],
      faults: '',
    })
  })

  test('makes points of the fields below the path that a rule names', () => {
    const mapping = parseDeviceMapping('{"fields":"up.data","tags":{"id":"${payload.id}"}}')
    expect(read(message('{"id":"s7","up":{"port":1,"data":{"t":1},"database":2}}'), mapping)).toEqual({
      points: ['iot.t{id=s7} 1700000000123ms 1'],
      faults: '',
    })
    expect(read(message('{"id":"s7"}'), mapping).faults).toBe('the message has no fields below up.data.')
  })

  test('reads messages and points in one record', () => {
    expect(read(`${message('1')}\n${point(1)}`).points).toHaveLength(2)
  })
})

describe('docs/devices.md', () => {
  const page = readFileSync(new URL('../../../docs/devices.md', import.meta.url), 'utf8')
  const blocks = (kind: string) =>
    [...page.matchAll(new RegExp(`^ *\`\`\`${kind}\\n([^\`]*)`, 'gm'))].map(([, text = '']) => text)
  const mappings = blocks('json mapping')
  const points = blocks('text points')

  test.each(
    blocks('json message').map((text, i) => [i + 1, text] as const),
  )('says what message %i becomes', (i, text) => {
    const { deviceMapping } = JSON.parse(mappings[i - 1] ?? '')
    const envelope = { topic: 'tele/tasmota_A4CF12/SENSOR', time: 1_768_469_400_123 }
    const { points: made, faults } = read(message(text, envelope), parseDeviceMapping(JSON.stringify(deviceMapping)))
    expect(faults).toBe('')
    // As the page writes them: import lines, doubles with a point.
    const lines = made.map((line) => {
      const [, metric, tags = '', time, value = '', double] = /^(.*)\{(.*)\} (\d+)ms (\S+?)(f?)$/.exec(line) ?? []
      const shown = double && !value.includes('.') ? `${value}.0` : value
      return `${metric} ${time} ${shown} ${tags.replaceAll(',', ' ')}`
    })
    expect(lines).toEqual(points[i - 1]?.trim().split(/\n */))
  })

  test('shows the defaults that hold', () => {
    const defaults = Object.entries(JSON.parse(DEFAULT_DEVICE_MAPPING))
    for (const [member, value] of defaults) {
      const cell = new RegExp(`^\\| \`${member}\` \\| \`(.*?)\` \\|`, 'm').exec(page)?.[1]
      expect(JSON.parse(cell ?? 'null')).toEqual(value)
    }
    expect(defaults).toHaveLength(6)
  })
})
