/**
 * Lets only the newest of several pieces of work say what it found: an answer that comes after a newer question is dropped, and its
 * request is broken off.
 * @returns a function that starts work, and resolves to what it gives, or undefined where something newer was started meanwhile
 */
export function newestOnly(): <T>(work: (signal: AbortSignal) => Promise<T>) => Promise<T | undefined> {
  let current: AbortController | undefined
  return async (work) => {
    current?.abort()
    const mine = new AbortController()
    current = mine
    try {
      const found = await work(mine.signal)
      return current === mine ? found : undefined
    } catch (error) {
      if (current !== mine) return undefined
      throw error
    }
  }
}
