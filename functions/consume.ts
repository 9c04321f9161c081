/** Not written yet. */
export const handler = async (): Promise<never> => {
  throw new Error('functions/consume.ts is not written yet')
}
