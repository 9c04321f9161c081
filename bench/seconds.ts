/**
 * Measures how long a run takes, again and again: in the best round what else the machine does hardly counts.
 * @param effort rounds, and the milliseconds that each lasts at least
 * @returns seconds of processor time
 */
export function secondsOf(run: () => void, { rounds, roundMs }: { rounds: number; roundMs: number }): number {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round++) {
    const start = process.cpuUsage()
    const end = performance.now() + roundMs
    let runs = 0
    do {
      run()
      runs++
    } while (performance.now() < end)
    const { user, system } = process.cpuUsage(start)
    best = Math.min(best, (user + system) / 1e6 / runs)
  }
  return best
}
