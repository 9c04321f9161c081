import { TemplateError } from '../errors.ts'
import { NO_VALUE, type Place, resolve, type Scope } from './intrinsics.ts'

/**
 * Reads an object of a template and remembers what was read, so that `done()` can refuse what nobody looked at: a property
 * that the cloud would honour must not be passed over in silence here.
 */
export class Properties {
  readonly #raw: ReadonlyMap<string, unknown>
  readonly #scope: Scope
  readonly #place: Place
  readonly #path: string
  readonly #read = new Set<string>()

  /** @param path where in the resource this object lies: `` at the top, `DestinationConfig.` inside */
  constructor(raw: unknown, scope: Scope, place: Place, path = '') {
    this.#scope = scope
    this.#place = place
    this.#path = path
    if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
      throw new TemplateError(place.logicalId, place.type, `${path.slice(0, -1) || 'Properties'} is not an object`)
    }
    this.#raw = new Map(Object.entries(raw))
  }

  /** The resource's logical id. */
  get logicalId(): string {
    return this.#place.logicalId
  }

  /** The resolved value, `undefined` where it is not written. */
  value(name: string): unknown {
    this.#read.add(name)
    const resolved = resolve(this.#raw.get(name), this.#scope, this.#place)
    return resolved === NO_VALUE ? undefined : resolved
  }

  optionalText(name: string): string | undefined {
    const value = this.value(name)
    if (value === undefined || typeof value === 'string') return value
    if (typeof value === 'number' || typeof value === 'boolean') return String(value)
    throw this.wrong(name, 'is not a text')
  }

  text(name: string): string {
    return this.optionalText(name) ?? this.#missing(name)
  }

  /** CloudFormation takes numbers as numbers or as texts. */
  optionalNumber(name: string): number | undefined {
    const value = this.value(name)
    if (value === undefined) return undefined
    const number = typeof value === 'string' && value !== '' ? Number(value) : value
    if (typeof number !== 'number' || !Number.isFinite(number)) throw this.wrong(name, 'is not a number')
    return number
  }

  flag(name: string): boolean {
    const value = this.value(name)
    if (value === undefined || value === false || value === 'false') return false
    if (value === true || value === 'true') return true
    throw this.wrong(name, 'is not true or false')
  }

  /** A list of texts, empty where it is not written. */
  texts(name: string): string[] {
    const value = this.value(name) ?? []
    if (!Array.isArray(value)) throw this.wrong(name, 'is not a list')
    return value.map((entry: unknown) => {
      if (typeof entry !== 'string') throw this.wrong(name, 'is not a list of texts')
      return entry
    })
  }

  /** A list of objects, empty where it is not written; the caller calls `done()` on each. */
  objects(name: string): Properties[] {
    this.#read.add(name)
    const value = this.#raw.get(name) ?? []
    if (!Array.isArray(value)) throw this.wrong(name, 'is not a list')
    return value.map((entry, index) => this.#inside(entry, `${name}[${index}]`))
  }

  /** A nested object; the caller calls `done()` on it. */
  optionalObject(name: string): Properties | undefined {
    this.#read.add(name)
    const value = this.#raw.get(name)
    return value === undefined ? undefined : this.#inside(value, name)
  }

  object(name: string): Properties {
    return this.optionalObject(name) ?? this.#missing(name)
  }

  /** Names and resolved texts of a nested object with names of its own choice, such as Environment.Variables. */
  textMap(name: string): Record<string, string> {
    const inside = this.optionalObject(name)
    const texts: Record<string, string> = {}
    for (const key of inside?.names() ?? []) texts[key] = inside?.text(key) ?? ''
    return texts
  }

  names(): string[] {
    return [...this.#raw.keys()]
  }

  /**
   * Passes over properties that change nothing on one machine.
   * @param reasons why, by name: read by people, and the reason this is not silence
   */
  skip(reasons: Readonly<Record<string, string>>): void {
    for (const name of Object.keys(reasons)) this.#read.add(name)
  }

  /** @throws TemplateError naming the first property that was neither read nor skipped */
  done(): void {
    for (const name of this.#raw.keys()) {
      if (!this.#read.has(name)) throw this.wrong(name, 'is not known to the local runner')
    }
  }

  /** An error about one of the properties. */
  wrong(name: string, problem: string): TemplateError {
    return new TemplateError(this.#place.logicalId, this.#place.type, `${this.#path}${name} ${problem}`)
  }

  #inside(value: unknown, name: string): Properties {
    const resolvedShape = typeof value === 'object' && value !== null && ('Ref' in value || 'Fn::If' in value)
    const raw = resolvedShape ? resolve(value, this.#scope, this.#place) : value
    return new Properties(raw, this.#scope, this.#place, `${this.#path}${name}.`)
  }

  #missing(name: string): never {
    throw this.wrong(name, 'is missing')
  }
}
