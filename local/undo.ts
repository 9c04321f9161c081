/** What was started, to be ended in the opposite order. */
export class Undo {
  readonly #steps: (() => Promise<unknown> | unknown)[] = []

  push(step: () => Promise<unknown> | unknown): void {
    this.#steps.push(step)
  }

  /** Ends everything, the last first; each step once. */
  async run(): Promise<void> {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) await step()
  }
}
