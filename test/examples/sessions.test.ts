// The example of sessions finds the visits that a plain loop finds in a real access log, where one is present beside the project.
// In the log that it makes up, some lines come after their visits are over.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { accessLogBytes, type Line, readLines } from '../support/access-log.ts'
import { runExample } from '../support/example.ts'

const path = fileURLToPath(new URL('../../../shared/data/apache-access.log', import.meta.url))
const gapMs = 30 * 60_000

interface Visit {
  readonly client: string
  readonly start: number
  end: number
  requests: number
}

/** What the example has to print for these lines. */
function printed(lines: readonly Line[]): string {
  const visits: Visit[] = []
  const open = new Map<string, Visit>()
  const requests = lines.filter(({ isMalformed }) => !isMalformed).toSorted((a, b) => a.time - b.time)
  for (const { client, time } of requests) {
    let visit = open.get(client)
    if (visit === undefined || time - visit.end > gapMs) {
      visit = { client, start: time, end: time, requests: 0 }
      open.set(client, visit)
      visits.push(visit)
    }
    visit.end = time
    visit.requests++
  }
  const largest = visits.toSorted(
    (a, b) => b.requests - a.requests || a.start - b.start || (a.client < b.client ? -1 : 1),
  )
  const shown = largest.slice(0, 5).map(({ client, start, end, requests: count }) => {
    return `${new Date(start).toISOString()} ${client} ${count} requests in ${Math.round((end - start) / 60_000)} minutes\n`
  })
  const malformed = lines.length - requests.length
  return [
    `${visits.length} visits with ${requests.length} requests; late: 0, malformed: ${malformed}\n`,
    ...shown,
  ].join('')
}

test('a made-up log', async () => {
  const { stdout, ...ended } = await runExample('sessions')
  const [counts, ...largest] = stdout.split('\n')
  expect(ended).toEqual({ code: 0, signal: null, stderr: '' })
  expect(counts).toBe('911 visits with 1997 requests; late: 2, malformed: 1')
  const [, ...expected] = printed(readLines(accessLogBytes(2_000))).split('\n')
  expect(largest).toEqual(expected)
  expect(largest).toHaveLength(6)
})

test.runIf(existsSync(path))('a real log, whose lines are shuffled within each minute', async () => {
  const expected = printed(readLines(readFileSync(path)))
  expect(await runExample('sessions', [path])).toEqual({ code: 0, signal: null, stdout: expected, stderr: '' })
})
