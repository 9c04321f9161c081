/**
 * Does something for every item, at most `limit` at a time, and stops starting more once one has failed.
 * @returns the answers in the order of the items
 * @throws the first error
 */
export async function mapParallel<T, R>(
  items: readonly T[],
  limit: number,
  run: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const answers = new Array<R>(items.length)
  let next = 0
  let failed = false
  const worker = async (): Promise<void> => {
    while (next < items.length && !failed) {
      const index = next++
      try {
        answers[index] = await run(items[index] as T, index)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker))
  return answers
}

/** Cuts a list into runs of at most `size`. */
export function chunksOf<T>(items: readonly T[], size: number): T[][] {
  const chunks: T[][] = []
  for (let at = 0; at < items.length; at += size) chunks.push(items.slice(at, at + size))
  return chunks
}

/** The same pages, each asked for before the one before it is handed on: what it is used for takes place meanwhile. */
export async function* readAhead<T>(pages: AsyncIterable<T>): AsyncGenerator<T> {
  const iterator = pages[Symbol.asyncIterator]()
  try {
    for (let next = iterator.next(); ; ) {
      const { done, value } = await next
      if (done === true) return
      next = iterator.next()
      // Whoever stops here does not wait for it; whoever goes on gets the error above.
      next.catch(() => undefined)
      yield value
    }
  } finally {
    void iterator.return?.()
  }
}
