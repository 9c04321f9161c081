/** Not written yet. */
export const handler = async (): Promise<never> => {
  throw new Error('functions/query.ts is not written yet')
}
