/** When a context value breaks its rule: names the key, the value and the rule. */
export class InvalidContextError extends Error {
  constructor(key: string, value: unknown, rule: string) {
    super(`Context value ${key}=${typeof value === 'string' ? value : JSON.stringify(value)} must be ${rule}`)
    this.name = 'InvalidContextError'
  }
}

/** When a context key looks like one of ours and is not, which would otherwise be ignored in silence. */
export class UnknownContextError extends Error {
  constructor(key: string, known: readonly string[]) {
    super(`Context value ${key} is not known; there are ${known.join(', ')}`)
    this.name = 'UnknownContextError'
  }
}
