/** Not written yet. */
export const handler = async (): Promise<never> => {
  throw new Error('functions/put.ts is not written yet')
}
