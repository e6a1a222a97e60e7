/**
 * Asks before something is destroyed. Where no one can be asked, it takes `--yes`.
 */
import { escaped } from '../core/escaped.ts'
import { UsageError } from './exit-codes.ts'
import type { Host } from './host.ts'

/** The answer was no. */
export class Declined extends Error {}

/**
 * Shows the plan, and returns when it is agreed to.
 *
 * @throws UsageError without a terminal to ask on, Declined when the answer is not yes
 */
export async function agree(host: Host, plan: readonly string[], question: string, yes: boolean): Promise<void> {
  for (const line of plan) host.stderr.write(`${escaped(line)}\n`)
  if (yes) return
  const stdin = host.stdin()
  if (stdin.isTTY !== true || host.stderr.isTTY !== true) {
    throw new UsageError(`${question} There is no terminal to ask on: give --yes to do it.`)
  }
  const { createInterface } = await import('node:readline/promises')
  const terminal = createInterface({ input: stdin, output: host.stderr })
  try {
    const answer = await terminal.question(`${question} [y/N] `, { signal: host.signal })
    if (!/^\s*y(es)?\s*$/i.test(answer)) throw new Declined('nothing was done')
  } catch (error) {
    throw host.signal.aborted ? new Declined('nothing was done') : error
  } finally {
    terminal.close()
  }
}
