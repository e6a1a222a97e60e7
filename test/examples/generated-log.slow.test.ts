// The access log that the demo makes: the same bytes every time, and as much of each kind of trouble as it promises.
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { accessLogBytes, readLines } from '../support/access-log.ts'

const bytes = accessLogBytes(200_000)
const lines = readLines(bytes)
const minute = 60_000

test('the bytes are the same every time', () => {
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(
    '48450a3e0fc7549aaa831a16f9253ae31aa00bae9ed58838f9a5a75e01f2a5bd',
  )
})

test('it has 200,000 lines over three hours', () => {
  expect(lines).toHaveLength(200_000)
  const times = lines.map(({ time }) => time).sort((a, b) => a - b)
  const span = (times.at(-1) as number) - (times[200] as number) // before it, the lines that are a day late
  expect(Math.round(span / minute)).toBe(180)
})

test('1 of 10 lines is up to 20 s late, 1 of 1,000 more than a day, and 1 of 2,000 is malformed', () => {
  let newest = 0
  let late = 0
  let dayLate = 0
  for (const { time, isMalformed } of lines) {
    if (isMalformed) continue
    const by = newest - time
    if (by > 24 * 60 * minute) dayLate++
    else if (by > 20_000) throw new Error(`a line is ${by} ms late`)
    else if (by > 0) late++
    newest = Math.max(newest, time)
  }
  expect(late).toBeGreaterThan(19_900)
  expect(late).toBeLessThan(20_000)
  expect(dayLate).toBe(200)
  expect(lines.filter(({ isMalformed }) => isMalformed)).toHaveLength(100)
})

test('most lines are clicks, on pages of very different weight', () => {
  const clicks = new Map<string, number>()
  for (const { page } of lines) if (page !== undefined) clicks.set(page, (clicks.get(page) ?? 0) + 1)
  const counts = [...clicks.values()].sort((a, b) => b - a)
  const total = counts.reduce((sum, count) => sum + count, 0)
  expect(total).toBeGreaterThan(140_000)
  expect(counts).toHaveLength(100)
  expect(counts[0]).toBeGreaterThan(total / 10)
  expect(counts[99]).toBeLessThan(total / 200)
})

test('clients are many and of different weight', () => {
  const requests = new Map<string, number>()
  for (const { client } of lines) requests.set(client, (requests.get(client) ?? 0) + 1)
  expect(requests.size).toBeGreaterThan(700)
  expect(Math.max(...requests.values())).toBeGreaterThan(5_000)
})
