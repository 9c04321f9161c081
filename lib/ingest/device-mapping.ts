import { BadRequestError } from '../model/errors.ts'

/** A piece of a template: text as it is, or what a message says. */
export type TemplatePart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'topic' }
  /** From 1 as in IoT SQL's topic(n), or from -1 backwards. */
  | { readonly kind: 'level'; readonly level: number }
  | { readonly kind: 'clientId' }
  | { readonly kind: 'field' }
  | { readonly kind: 'payload'; readonly path: string }

export type Template = readonly TemplatePart[]

/** How the messages of some topics become points. */
export interface DeviceRule {
  /** The MQTT topic filter that a message's topic must match, cut into levels. */
  readonly topic: readonly string[]
  /** What the paths of fields that become points begin with: '' or a dotted path with a dot behind it. */
  readonly below: string
  readonly metric: Template
  /** Sorted by tag key. A tag whose template names something that a message lacks is left out. */
  readonly tags: readonly (readonly [tagk: string, tagv: Template])[]
  /** Dotted paths of fields that may hold the time, first found wins. */
  readonly time: readonly string[]
  /** Fields that are neither points nor faults: dotted paths, `wifi.*` for all below. */
  readonly ignore: readonly string[]
  /** Fields that are used as time or in a template, and so are no points. */
  readonly named: ReadonlySet<string>
}

/** The first rule whose topic filter matches is the message's. */
export type DeviceMapping = readonly DeviceRule[]

/** When the device mapping is not one: names the place and what may stand there. */
export class BadDeviceMappingError extends BadRequestError {
  constructor(where: string, why: string) {
    super('device.mapping', `Bad device mapping: ${where} ${why}`, { details: 'docs/devices.md describes the mapping' })
  }
}

/**
 * What holds without configuration. The topic is a tag because one client may be a gateway that speaks for many devices:
 * without it their values would overwrite each other.
 */
export const DEFAULT_DEVICE_MAPPING: string = JSON.stringify({
  topic: '#',
  fields: '',
  metric: `iot.\${field}`,
  tags: { device: `\${clientId}`, topic: `\${topic}` },
  time: ['ts', 'timestamp', 'time'],
  ignore: [],
})

const KNOWN = 'topic, topic[N], clientId, field or payload.NAME'
const MEMBERS = ['topic', 'fields', 'metric', 'tags', 'time', 'ignore']
/** Nearly every name; telling letters of all scripts takes longer. */
const LEGAL_ASCII = /^[-_./0-9A-Za-z]*$/
/** OpenTSDB's alphabet; letters outside the Basic Multilingual Plane are none to it. */
const NOT_IN_NAMES = /[^-_./0-9A-Za-z\p{L}]|[\u{10000}-\u{10ffff}]/gu

/** @returns the text with every character that OpenTSDB does not allow in a name replaced by `_` */
export function toName(text: string): string {
  return LEGAL_ASCII.test(text) ? text : text.replace(NOT_IN_NAMES, '_')
}

/**
 * Reads and checks a device mapping.
 * @param json one rule or an array of rules: `{"topic"?, "fields"?, "metric"?, "tags"?, "time"?, "ignore"?}`; what a rule leaves out is as in DEFAULT_DEVICE_MAPPING
 * @throws BadDeviceMappingError
 */
export function parseDeviceMapping(json: string): DeviceMapping {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch (error) {
    throw new BadDeviceMappingError('the text', `is not JSON: ${error instanceof Error ? error.message : error}`)
  }
  if (Array.isArray(value)) {
    if (value.length === 0) throw new BadDeviceMappingError('the array', 'holds no rule')
    return value.map((rule, i) => parseRule(rule, `[${i}]`))
  }
  return [parseRule(value, '')]
}

/** @returns the first rule whose topic filter matches, as a broker matches it */
export function ruleFor(mapping: DeviceMapping, topic: string): DeviceRule | undefined {
  const levels = topic.split('/')
  return mapping.find((rule) => matchesFilter(rule.topic, levels))
}

function matchesFilter(filter: readonly string[], levels: readonly string[]): boolean {
  const open = filter.at(-1) === '#'
  const fixed = open ? filter.slice(0, -1) : filter
  // "a/#" matches "a" too.
  if (open ? levels.length < fixed.length : levels.length !== fixed.length) return false
  return fixed.every((want, i) => want === '+' || want === levels[i])
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parseRule(value: unknown, where: string): DeviceRule {
  if (!isRecord(value)) throw new BadDeviceMappingError(where || 'it', 'must be an object')
  const at = (member: string) => `${where}.${member}`
  for (const member of Object.keys(value)) {
    if (!MEMBERS.includes(member))
      throw new BadDeviceMappingError(at(member), `is unknown; known are ${MEMBERS.join(', ')}`)
  }
  const { topic, fields, metric, tags, time, ignore }: Record<string, unknown> = { ...defaults(), ...value }
  const metricTemplate = parseTemplate(metric, at('metric'))
  if (!isRecord(tags)) throw new BadDeviceMappingError(at('tags'), 'must be an object of templates')
  const tagTemplates = Object.entries(tags)
    .map(([tagk, tagv]) => [checkTagk(tagk, at('tags')), parseTemplate(tagv, at(`tags.${tagk}`))] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  if (tagTemplates.length === 0) throw new BadDeviceMappingError(at('tags'), 'must hold a tag: a point needs one')
  const parts = [metricTemplate, ...tagTemplates.map(([, template]) => template)].flat()
  if (!parts.some((part) => part.kind === 'field')) {
    throw new BadDeviceMappingError(
      at('metric'),
      `must use \${field}, or the fields of a message would overwrite each other`,
    )
  }
  if (typeof fields !== 'string') throw new BadDeviceMappingError(at('fields'), 'must be the dotted path of an object')
  const times = checkNames(typeof time === 'string' ? [time] : time, at('time'))
  const paths = parts.flatMap((part) => (part.kind === 'payload' ? [part.path] : []))
  return {
    topic: checkFilter(topic, at('topic')),
    below: fields === '' ? '' : `${fields}.`,
    metric: metricTemplate,
    tags: tagTemplates,
    time: times,
    ignore: checkNames(ignore, at('ignore')),
    named: new Set([...times, ...paths]),
  }
}

function defaults(): Record<string, unknown> {
  const value: unknown = JSON.parse(DEFAULT_DEVICE_MAPPING)
  return isRecord(value) ? value : {}
}

function checkTagk(tagk: string, where: string): string {
  if (tagk === '' || toName(tagk) !== tagk) {
    throw new BadDeviceMappingError(where, `holds the tag key "${tagk}": letters, digits and -_./ are allowed`)
  }
  return tagk
}

function checkNames(value: unknown, where: string): readonly string[] {
  if (Array.isArray(value) && value.every((name): name is string => typeof name === 'string' && name !== ''))
    return value
  throw new BadDeviceMappingError(where, 'must be an array of field names')
}

function checkFilter(value: unknown, where: string): readonly string[] {
  if (typeof value !== 'string' || value === '') throw new BadDeviceMappingError(where, 'must be an MQTT topic filter')
  const levels = value.split('/')
  const bad = levels.find(
    (level, i) => /[+#]/.test(level) && level !== '+' && !(level === '#' && i === levels.length - 1),
  )
  if (bad === undefined) return levels
  throw new BadDeviceMappingError(where, `has the level "${bad}": + stands alone in a level, # alone in the last one`)
}

function parseTemplate(value: unknown, where: string): Template {
  if (typeof value !== 'string' || value === '') throw new BadDeviceMappingError(where, 'must be a template, a string')
  // Splitting by a pattern with a group gives text, name, text, name, ..., text.
  return value.split(/\$\{([^}]*)\}/).flatMap((text, i): TemplatePart[] => {
    if (i % 2 === 1) return [parseVariable(text, where)]
    if (text.includes('${')) throw new BadDeviceMappingError(where, 'has a ${ that is not closed')
    return text === '' ? [] : [{ kind: 'text', text }]
  })
}

function parseVariable(name: string, where: string): TemplatePart {
  if (name === 'topic' || name === 'clientId' || name === 'field') return { kind: name }
  const level = /^topic\[(-?[1-9][0-9]?)\]$/.exec(name)?.[1]
  if (level !== undefined) return { kind: 'level', level: Number(level) }
  const path = /^payload\.(.+)$/.exec(name)?.[1]
  if (path !== undefined) return { kind: 'payload', path }
  throw new BadDeviceMappingError(
    where,
    `names \${${name}}; known are ${KNOWN} (topic levels count from 1, or from -1 backwards)`,
  )
}
