// The page of metrics is a table of what there is: each figure that an application gives has a row, and no row is of
// another one.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { int64, keyValueStore, type Metrics, string, TimeWindows } from 'millrace'
import { expect, test } from 'vitest'
import { start } from '../support/applications.ts'
import { openTestLog } from '../support/open.ts'
import { input, output, topologyOf } from '../support/topology.ts'

const page = readFileSync(fileURLToPath(new URL('../../docs/metrics.md', import.meta.url)), 'utf8')

/** The cells of each row of the table that begins with this head. */
function rowsUnder(head: string): string[][] {
  const [, table = ''] = page.split(`${head}\n`)
  const lines = table.split('\n')
  const end = lines.findIndex((line) => !line.startsWith('|'))
  return lines.slice(1, end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

const rows = rowsUnder('| `app.metrics()` | Kafka Streams | Prometheus | OpenTelemetry | unit | what it is |')
const unquoted = (cell: string = ''): string => cell.replaceAll('`', '')

/** What stands for the names that are in a figure's path. */
const names: Readonly<Record<string, readonly string[]>> = {
  consumed: ['<topic>'],
  produced: ['<topic>'],
  dropped: ['<operator>', '<reason>'],
  failed: ['<operator>', '<code>'],
  streamTimes: ['<operator>/<partition>'],
  operators: ['<operator>'],
  stores: ['<store>'],
  calls: ['<operator>'],
}

function pathsOf(metrics: Metrics): Set<string> {
  const paths = new Set<string>()
  const walk = (value: unknown, path: string, dynamic: readonly string[]): void => {
    if (typeof value !== 'object' || value === null || 'buckets' in value) {
      paths.add(path)
      return
    }
    if (Array.isArray(value)) {
      for (const item of value) walk(item, `${path}[]`, [])
      return
    }
    const [name, ...rest] = dynamic
    for (const [field, inner] of Object.entries(value)) walk(inner, `${path}.${name ?? field}`, rest)
  }
  for (const [field, value] of Object.entries(metrics)) walk(value, field, names[field] ?? [])
  return paths
}

test('every figure of an application has a row, and every row is of one', async () => {
  const { log } = openTestLog()
  const topology = topologyOf((builder) => {
    const stream = builder.stream(input)
    const grouped = stream.groupByKey()
    grouped.windowedBy(TimeWindows.of({ size: 10 })).count({ name: 'windows' })
    grouped.count({ store: keyValueStore('counts', { key: string(), value: int64() }) })
    stream.mapAsync(({ value }) => Promise.resolve(value)).to(output)
    stream.foreach(({ value }) => {
      if (value === 'bad') throw new Error('not this one')
    })
  })
  const app = await start(log, topology, { onError: 'skip' })
  const sent = [50, 1].map((timestamp) => ({ key: 'a', value: 'x', timestamp }))
  await log.producer().sendMany(input, [...sent, { key: 'a', value: 'bad', timestamp: 60 }])
  await app.caughtUp()
  expect(rows.length).toBeGreaterThan(30)
  expect(rows.map(([path]) => unquoted(path)).toSorted()).toEqual([...pathsOf(app.metrics())].toSorted())
})

test('the names for Prometheus are as it wants them: base units, and _total for what only rises', () => {
  for (const [path = '', , prometheus = '', , unit = ''] of rows) {
    const name = unquoted(prometheus)
    if (name === '-' || name.startsWith('label ')) continue
    const isTime = unit === 'duration' || unit.startsWith('ms')
    const ending = isTime ? '_seconds' : unit === 'bytes' ? '_bytes' : unit === '0 to 1' ? '_ratio' : ''
    expect({ path, name }).toEqual({ path, name: expect.stringMatching(`^millrace_[a-z_]*[a-z]${ending}$`) })
  }
  const counters = ['consumed', 'produced', 'dropped', 'failed', 'cacheHits', 'cacheMisses', '>.records']
  const rising = rows.filter(([path = '']) => counters.some((counter) => unquoted(path).includes(counter)))
  expect(rising.length).toBe(counters.length)
  for (const [, , prometheus = ''] of rising) expect(unquoted(prometheus)).toMatch(/_total$/)
})

test('the fields of a duration are all there', async () => {
  const { log } = openTestLog()
  const app = await start(
    log,
    topologyOf((builder) => builder.stream(input).to(output)),
  )
  const fields = rowsUnder('| field | what it is |').flatMap(([cell = '']) => unquoted(cell).split(', '))
  expect(fields.toSorted()).toEqual(Object.keys(app.metrics().commit).toSorted())
})
