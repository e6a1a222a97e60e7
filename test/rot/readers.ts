// The processes that read damaged copies: one that crashes is the verdict on its copy, and another takes its place.
import { Child } from '../crash/children.ts'
import type { Verdict } from './judge.ts'

/** Longer than any reading takes: what is not over by then never will be. */
const hangMs = 200_000

/** Lets `jobs` processes read the copies, and tells of each as it is done. */
export async function readAll(
  program: string,
  args: readonly string[],
  damages: readonly string[],
  jobs: number,
  onVerdict: (at: number, verdict: Verdict) => void,
): Promise<void> {
  let next = 0
  await Promise.all(
    Array.from({ length: Math.min(jobs, damages.length) }, async () => {
      let child: Child | undefined
      try {
        while (next < damages.length) {
          const at = next++
          child = child?.isAlive === true ? child : await started(program, args)
          onVerdict(at, await verdictOf(child, damages[at] as string))
        }
      } finally {
        child?.signal('SIGKILL')
        await child?.exited
      }
    }),
  )
}

async function started(program: string, args: readonly string[]): Promise<Child> {
  const child = new Child(program, ...args)
  if (!(await child.says('armed'))) throw new Error(`a reader did not start\n${child.complaints}`)
  return child
}

async function verdictOf(child: Child, damage: string): Promise<Verdict> {
  let step = 'copy'
  const verdict = new Promise<Verdict>((resolve) => {
    child.onLine = (word, rest) => {
      if (word === 'step') step = rest
      if (word === 'verdict') resolve(JSON.parse(rest) as Verdict)
    }
  })
  child.tell(damage)
  let isHanging = false
  const watch = setTimeout(() => {
    isHanging = true
    child.signal('SIGKILL')
  }, hangMs)
  const ended = child.exited.then(({ code, signal }): Verdict => {
    const complaint = /assert|not found error|internal error|out of memory|Error: .*/i.exec(child.complaints)?.[0] ?? ''
    return isHanging
      ? { outcome: 'hang', detail: step, isFound: undefined }
      : {
          outcome: signal === null ? 'raw' : 'crash',
          detail: `${signal ?? code} in ${step} ${complaint}`.trim(),
          isFound: undefined,
        }
  })
  const result = await Promise.race([verdict, ended])
  clearTimeout(watch)
  return result
}
