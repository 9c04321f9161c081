// Readers of options, for plugins of this folder.

/** An address by HTTP. @throws Error naming the option */
export function addressOption(options: Readonly<Record<string, unknown>>, name: string): URL {
  const value = options[name]
  if (typeof value === 'string' && /^https?:/.test(value) && URL.canParse(value)) return new URL(value)
  throw new Error(`The option ${name} must be an address such as https://example.com/points`)
}

/** Regular expressions, each for a whole name. @returns undefined where the option is not there @throws Error naming the option */
export function patternsOption(options: Readonly<Record<string, unknown>>, name: string): RegExp[] | undefined {
  const value = options[name]
  if (value === undefined) return undefined
  const texts: unknown[] = Array.isArray(value) ? value : [value]
  return texts.map((text) => {
    if (typeof text !== 'string') throw new Error(`The option ${name} must be regular expressions`)
    return new RegExp(`^(?:${text})$`, 'u')
  })
}
