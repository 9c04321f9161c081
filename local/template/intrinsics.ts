import { TemplateError } from '../errors.ts'

/** Looks up what a template's functions refer to. */
export interface Scope {
  /** The value of `Ref name`: a parameter, a pseudo parameter or a resource. */
  ref(name: string): unknown
  /** The value of `Fn::GetAtt [logicalId, attribute]`. */
  attribute(logicalId: string, attribute: string): unknown
  /** Whether the template's condition of this name holds. */
  condition(name: string): boolean
}

/** Whose property is being resolved, for messages. */
export interface Place {
  readonly logicalId: string
  readonly type: string
}

/** What `Ref AWS::NoValue` resolves to; a property or list entry with this value is as if it were not written. */
export const NO_VALUE = Symbol('AWS::NoValue')

/**
 * Replaces CloudFormation's intrinsic functions in a value from a template.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
 * @throws TemplateError naming an intrinsic that is not known, or one with arguments of a shape it does not take
 */
export function resolve(value: unknown, scope: Scope, place: Place): unknown {
  if (Array.isArray(value)) {
    return value.map((entry) => resolve(entry, scope, place)).filter((entry) => entry !== NO_VALUE)
  }
  if (typeof value !== 'object' || value === null) return value

  const entries = Object.entries(value)
  const [first] = entries
  if (entries.length === 1 && first !== undefined && isIntrinsic(first[0])) {
    return resolveIntrinsic(first[0], first[1], scope, place)
  }
  const resolved: Record<string, unknown> = {}
  for (const [key, entry] of entries) {
    const result = resolve(entry, scope, place)
    if (result !== NO_VALUE) resolved[key] = result
  }
  return resolved
}

function isIntrinsic(key: string): boolean {
  return key === 'Ref' || key === 'Condition' || key.startsWith('Fn::')
}

function resolveIntrinsic(name: string, argument: unknown, scope: Scope, place: Place): unknown {
  const text = (value: unknown): string => {
    const resolved = resolve(value, scope, place)
    if (typeof resolved === 'string') return resolved
    if (typeof resolved === 'number' || typeof resolved === 'boolean') return String(resolved)
    throw bad(name, argument, place)
  }
  const list = (value: unknown): unknown[] => {
    const resolved = resolve(value, scope, place)
    if (!Array.isArray(resolved)) throw bad(name, argument, place)
    return resolved
  }
  const parts = (count: number): unknown[] => {
    if (!Array.isArray(argument) || argument.length !== count) throw bad(name, argument, place)
    return argument
  }

  switch (name) {
    case 'Ref':
      if (typeof argument !== 'string') throw bad(name, argument, place)
      return argument === 'AWS::NoValue' ? NO_VALUE : scope.ref(argument)
    case 'Fn::GetAtt': {
      const [logicalId, attribute] = typeof argument === 'string' ? splitOnce(argument, '.') : parts(2)
      if (typeof logicalId !== 'string') throw bad(name, argument, place)
      return scope.attribute(logicalId, text(attribute))
    }
    case 'Fn::Join': {
      const [separator, pieces] = parts(2)
      return list(pieces).map(text).join(text(separator))
    }
    case 'Fn::Sub': {
      const [template, own] = Array.isArray(argument) ? argument : [argument, {}]
      if (typeof template !== 'string' || typeof own !== 'object' || own === null) throw bad(name, argument, place)
      return substitute(template, new Map(Object.entries(own)), scope, text)
    }
    case 'Fn::Select': {
      const [index, pieces] = parts(2)
      const chosen = list(pieces)[Number(text(index))]
      if (chosen === undefined) throw bad(name, argument, place)
      return chosen
    }
    case 'Fn::Split': {
      const [separator, whole] = parts(2)
      return text(whole).split(text(separator))
    }
    case 'Fn::If': {
      const [condition, yes, no] = parts(3)
      return resolve(scope.condition(text(condition)) ? yes : no, scope, place)
    }
    case 'Fn::Equals': {
      const [left, right] = parts(2)
      return text(left) === text(right)
    }
    case 'Fn::Not':
      return !resolve(parts(1)[0], scope, place)
    case 'Fn::And':
      return list(argument).every(Boolean)
    case 'Fn::Or':
      return list(argument).some(Boolean)
    case 'Condition':
      return scope.condition(text(argument))
    default:
      throw new TemplateError(place.logicalId, place.type, `the runner does not know the intrinsic ${name}`)
  }
}

/** `${Name}` and `${Resource.Attribute}`; `${!literal}` stays, without its exclamation mark. */
function substitute(
  template: string,
  own: Map<string, unknown>,
  scope: Scope,
  text: (value: unknown) => string,
): string {
  return template.replace(/\$\{(!?)([^}]+)\}/g, (_, literal: string, name: string) => {
    if (literal !== '') return `\${${name}}`
    if (own.has(name)) return text(own.get(name))
    const [logicalId, attribute] = splitOnce(name, '.')
    return text(attribute === undefined ? scope.ref(name) : scope.attribute(logicalId, attribute))
  })
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}

function bad(name: string, argument: unknown, place: Place): TemplateError {
  return new TemplateError(place.logicalId, place.type, `${name} can't take ${JSON.stringify(argument)}`)
}
