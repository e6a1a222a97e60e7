/**
 * What a demo says of itself while it runs: lines for people, and nothing with `--json`.
 */
import type { VerbContext } from '../verb.ts'

export type Tell = (...lines: readonly string[]) => Promise<void>

export function telling({ out, isJson }: VerbContext): Tell {
  return async (...lines) => {
    if (isJson) return
    for (const line of lines) out.add(`${out.harmless(line)}\n`)
    await out.flush()
  }
}

export function number(count: number): string {
  return count.toLocaleString('en-US')
}

/** Runs a demo to its end, or until it is told to stop: then it claims nothing. */
export async function unlessStopped(
  { say }: VerbContext,
  signal: AbortSignal,
  run: () => Promise<void>,
): Promise<void> {
  try {
    await run()
  } catch (error) {
    if (!signal.aborted) throw error
    say('stopped before the end: nothing was compared')
  }
}
