// The judges side by side: each gets one state at a time, and one that dies or hangs over a state is the verdict on it.
import { Child } from '../crash/children.ts'
import { nodeArguments } from '../support/compiling.ts'
import type { JudgedWork } from './work.ts'

/** No state takes this long unless something hangs. */
const patienceMs = 200_000

/** Judges states by their numbers, in this order, and calls back with all that is wrong with each. */
export async function judgeStates(
  numbers: readonly number[],
  jobs: number,
  work: JudgedWork,
  onVerdict: (number: number, violations: readonly string[]) => void,
): Promise<void> {
  const waiting = numbers.values()
  const judgeMore = async (): Promise<void> => {
    let judge: Judge | undefined
    for (const number of waiting) {
      judge ??= await Judge.appoint(work)
      const violations = await judge.judge(number)
      onVerdict(number, violations)
      // What a bad image has done to its process nobody knows.
      if (violations.length > 0) {
        await judge.dismiss()
        judge = undefined
      }
    }
    await judge?.dismiss()
  }
  await Promise.all(Array.from({ length: jobs }, judgeMore))
}

class Judge {
  readonly #child: Child

  private constructor(child: Child) {
    this.#child = child
  }

  static async appoint(work: JudgedWork): Promise<Judge> {
    const child = new Child(...nodeArguments('test/powercut/programs/judge.ts'), JSON.stringify(work))
    if (!(await child.says('ready'))) throw new Error(`a judge did not load\n${child.complaints}`)
    return new Judge(child)
  }

  async judge(number: number): Promise<readonly string[]> {
    const child = this.#child
    const spoken = new Promise<readonly string[]>((resolve) => {
      child.onLine = (_, verdict) => resolve(JSON.parse(verdict) as readonly string[])
    })
    let hangs = false
    const patience = setTimeout(() => {
      hangs = true
      child.signal('SIGKILL')
    }, patienceMs)
    child.tell(String(number))
    const died = child.exited.then(({ code, signal }) => [
      hangs
        ? `nothing was heard for ${patienceMs} ms`
        : `the process ended with ${signal ?? code}: ${child.complaints}`,
    ])
    try {
      return await Promise.race([spoken, died])
    } finally {
      clearTimeout(patience)
    }
  }

  async dismiss(): Promise<void> {
    this.#child.signal('SIGKILL')
    await this.#child.exited
  }
}
