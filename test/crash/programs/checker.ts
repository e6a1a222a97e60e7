// Reads a directory on request and answers in one line of JSON: in a process of its own, so that damage that takes its
// reader along is seen too.
import { openLog } from '../../../src/index.ts'
import { check, type Expected, type Verdict } from '../checks.ts'
import { readKept, readTopics } from '../contents.ts'
import { compareWithUninterrupted } from '../uninterrupted.ts'
import { deadLetters, inputs, outputs, place, trace } from '../topics.ts'

export type Request =
  | {
      readonly what: 'check'
      readonly dir: string
      /** Its outputs and what it keeps are checked too then. */
      readonly counterIsDead: boolean
      readonly expected: Expected
    }
  | { readonly what: 'progress'; readonly dir: string; readonly run: number }
  | { readonly what: 'compare'; readonly dir: string; readonly besideDir: string; readonly plan: Expected['plan'] }

export async function checkOnRequest(requests: AsyncIterator<string>): Promise<void> {
  for (let next = await requests.next(); next.done !== true; next = await requests.next()) {
    console.log(`answer ${JSON.stringify(await answer(JSON.parse(next.value) as Request))}`)
  }
}

/** How far the counter has come. */
export interface CountProgress {
  /** Steps that one run of it has left in the trace. */
  readonly steps: number
  /** Input records that are worked on and committed. */
  readonly consumed: number
}

async function answer(request: Request): Promise<Verdict | CountProgress | readonly string[]> {
  if (request.what === 'progress') return progressOf(request.dir, request.run)
  if (request.what === 'compare') return compareWithUninterrupted(request.dir, request.besideDir, request.plan)
  return checkDirectory(request)
}

async function checkDirectory({ dir, counterIsDead, expected }: Request & { what: 'check' }): Promise<Verdict> {
  const log = await openLog(dir)
  try {
    const counted = (await log.admin.listTopics()).some(({ name }) => name === trace.name)
    // Outputs come before the inputs that may grow meanwhile, and the place before its prefix.
    const topics = await readTopics(log, [...(counterIsDead ? outputs : []), place, ...inputs])
    return check({ topics, kept: counterIsDead && counted ? await readKept(log) : undefined }, expected)
  } finally {
    await log.close()
  }
}

async function progressOf(dir: string, run: number): Promise<CountProgress> {
  const log = await openLog(dir)
  const topics = await readTopics(log, [trace, deadLetters])
  await log.close()
  const steps = (topics.get(trace.name) ?? []).flat().map(({ value }) => trace.value.decode(value as Uint8Array))
  const dead = (topics.get(deadLetters.name) ?? []).flat()
  return { steps: steps.filter((step) => step.run === run).length, consumed: steps.length + dead.length }
}
