/** Not written yet. */
export const handler = async (): Promise<never> => {
  throw new Error('functions/meta.ts is not written yet')
}
