// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how the templates of a device mapping are written
import { describe, expect, test } from 'vitest'
import {
  BadDeviceMappingError,
  DEFAULT_DEVICE_MAPPING,
  parseDeviceMapping,
  ruleFor,
  toName,
} from '../../../lib/ingest/device-mapping.ts'

describe('parseDeviceMapping', () => {
  test('fills in what a rule leaves out from the default mapping', () => {
    const [rule] = parseDeviceMapping('{}')
    expect([rule]).toEqual(parseDeviceMapping(DEFAULT_DEVICE_MAPPING))
    expect(rule?.time).toEqual(['ts', 'timestamp', 'time'])
  })

  test('cuts templates into text and variables, and sorts tags by key', () => {
    const [rule] = parseDeviceMapping(
      '{"metric":"plant.${field}","tags":{"site":"${topic[2]}","device":"${clientId}-${topic[-1]}","fw":"${payload.sys.fw}"}}',
    )
    expect(rule?.metric).toEqual([{ kind: 'text', text: 'plant.' }, { kind: 'field' }])
    expect(rule?.tags).toEqual([
      ['device', [{ kind: 'clientId' }, { kind: 'text', text: '-' }, { kind: 'level', level: -1 }]],
      ['fw', [{ kind: 'payload', path: 'sys.fw' }]],
      ['site', [{ kind: 'level', level: 2 }]],
    ])
    expect(rule?.named).toEqual(new Set(['ts', 'timestamp', 'time', 'sys.fw']))
  })

  const rejects = (what: string, json: string, message: string) =>
    test(`rejects ${what}: ${message}`, () => {
      expect(() => parseDeviceMapping(json)).toThrow(BadDeviceMappingError)
      expect(() => parseDeviceMapping(json)).toThrow(message)
    })

  rejects('what is not JSON', '{', 'the text is not JSON')
  rejects('what is no object', '3', 'it must be an object')
  rejects('no rule', '[]', 'the array holds no rule')
  rejects('an unknown member of the second rule', '[{},{"metrics":"x"}]', '[1].metrics is unknown')
  rejects('an unknown variable', '{"metric":"${name}.${field}"}', '.metric names ${name}; known are topic,')
  rejects('the topic level 0', '{"tags":{"a":"${topic[0]}"}}', 'topic levels count from 1')
  rejects('an open variable', '{"metric":"${field"}', '.metric has a ${ that is not closed')
  rejects('fields that would overwrite each other', '{"metric":"iot"}', '.metric must use ${field}')
  rejects('no tags', '{"tags":{}}', '.tags must hold a tag')
  rejects('an illegal tag key', '{"tags":{"a b":"${clientId}"}}', '.tags holds the tag key "a b"')
  rejects('a tag that is no template', '{"tags":{"a":1}}', '.tags.a must be a template')
  rejects('a topic filter that no broker takes', '{"topic":"a/#/b"}', '.topic has the level "#"')
  rejects('a number as time', '{"time":5}', '.time must be an array of field names')
})

describe('ruleFor', () => {
  const matches = (filter: string, topic: string, want: boolean) =>
    test(`${filter} ${want ? 'is' : 'is not'} for ${topic}`, () => {
      expect(ruleFor(parseDeviceMapping(JSON.stringify({ topic: filter })), topic) !== undefined).toBe(want)
    })

  matches('#', 'a/b/c', true)
  matches('a/#', 'a', true)
  matches('a/#', 'a/b/c', true)
  matches('a/#', 'b', false)
  matches('a/+/c', 'a/b/c', true)
  matches('a/+/c', 'a/b/d', false)
  matches('a/+', 'a/b/c', false)

  test('takes the first rule that matches', () => {
    const mapping = parseDeviceMapping('[{"topic":"a/#","metric":"a.${field}"},{"metric":"rest.${field}"}]')
    expect(ruleFor(mapping, 'a/b')).toBe(mapping[0])
    expect(ruleFor(mapping, 'b')).toBe(mapping[1])
  })
})

test('toName replaces what OpenTSDB does not allow, one mark a character, and keeps letters of any script', () => {
  expect(toName('Total kWh (T1)')).toBe('Total_kWh__T1_')
  expect(toName('größe/温度.a-b_c')).toBe('größe/温度.a-b_c')
  expect(toName('fan 🌀𝒜')).toBe('fan___')
})
