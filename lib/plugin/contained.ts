import type { OnPluginFailure } from './types.ts'

/** A plugin that takes longer is not waited for: storing goes on without it. */
const LONGEST_MS = 5_000

/** When a plugin has not come to an end in time. */
class PluginTooSlowError extends Error {
  constructor() {
    super(`It took longer than ${LONGEST_MS} ms`)
    this.name = 'PluginTooSlowError'
  }
}

/**
 * Runs a plugin so that whatever it does wrong is its own affair.
 * @param run what is called; it may throw, reject or hang
 * @returns what it gave, or undefined where it failed, which `onFailure` was told
 */
export async function contained<T>(
  name: string,
  run: () => T | Promise<T>,
  onFailure: OnPluginFailure,
): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  try {
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new PluginTooSlowError()), LONGEST_MS)
    })
    return await Promise.race([run(), late])
  } catch (error) {
    onFailure(name, error)
    return undefined
  } finally {
    clearTimeout(timer)
  }
}
