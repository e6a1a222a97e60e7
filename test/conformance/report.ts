// Runs all cases under a folder and tells what came of them, for people.
import { type CaseResult, casePaths, runCase } from './suite.ts'

/** How many of each outcome. */
function count(results: readonly CaseResult[]): Record<CaseResult['outcome'], number> {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  for (const { outcome } of results) counts[outcome]++
  return counts
}

/** The reasons to skip, with how often each came. */
function skips(results: readonly CaseResult[]): string {
  const counts = new Map<string, number>()
  for (const { outcome, reasons } of results) {
    if (outcome === 'skipped') for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  }
  return [...counts].map(([reason, times]) => `${reason} ${times}`).join(', ')
}

/** Says failures as they come, then the counts by feature and in total. True when there were cases and none failed. */
export function report(dir: string, say: (line: string) => void): boolean {
  const results: CaseResult[] = []
  for (const path of casePaths(dir)) {
    const result = runCase(dir, path)
    results.push(result)
    if (result.outcome === 'failed') say([`FAILED ${path}`, ...result.reasons].join('\n  '))
  }
  for (const feature of new Set(results.map((result) => result.feature))) {
    const list = results.filter((result) => result.feature === feature)
    const { passed, failed, skipped } = count(list)
    const counts = Object.entries({ passed, failed, skipped }).map(([what, n]) => `${String(n).padStart(4)} ${what}`)
    say(`${feature.padEnd(18)}${counts.join(' ')}${skipped === 0 ? '' : `   not yet: ${skips(list)}`}`)
  }
  const { passed, failed, skipped } = count(results)
  say(`${passed} passed, ${failed} failed, ${skipped} skipped`)
  return failed === 0 && results.length > 0
}
