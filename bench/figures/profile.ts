/**
 * Where the time of the click count goes.
 */
import { figure } from '../figure.ts'
import type { SelfTime } from '../jobs/profile.ts'
import type { Table } from '../table.ts'

const shareMin = 0.02
const root = new URL('../..', import.meta.url).href

export const profile = figure({
  name: 'profile',
  about: 'where the time of the click count goes: self time by package, file and function',
  reading:
    'Sampled twice a millisecond by the profiler of V8. Native code stands with what called it; for `lmdb` that includes the wait ' +
    'for the disk.',
  defaults: { records: 1_000_000 },
  async measure(bench, { records }) {
    const clicks = { dir: bench.directory('profile'), records, recordsPerCommit: 10_000 }
    await bench.run('millrace produce', clicks)
    const times = (await bench.run('profile count', clicks)).filter(({ url }) => url !== 'node:inspector')
    return [shares('by package or file', times, placeOf), shares('by function', times, functionOf)]
  },
})

function shares(title: string, times: readonly SelfTime[], groupOf: (time: SelfTime) => string): Table {
  const groups = new Map<string, number>()
  for (const time of times) groups.set(groupOf(time), (groups.get(groupOf(time)) ?? 0) + time.ms)
  const total = times.reduce((sum, { ms }) => sum + ms, 0)
  const rows = [...groups].map(([name, ms]) => [name, (100 * ms) / total] as const)
  return {
    title: `self time ${title}, at least ${100 * shareMin} %`,
    columns: [title, '%'],
    rows: rows.filter(([, share]) => share >= 100 * shareMin).toSorted((a, b) => b[1] - a[1]),
  }
}

/** The package, or the file of millrace; of native code with what called it. */
function placeOf({ name, url, isNative }: SelfTime): string {
  if (url === '') return name
  const [, inPackage] = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url) ?? []
  const inMillrace = url.startsWith(root) ? url.slice(root.length).replace(/\?.*$/, '') : undefined
  const place = inPackage ?? inMillrace ?? url
  return isNative ? `${place} (native)` : place
}

function functionOf(time: SelfTime): string {
  const place = placeOf(time)
  return time.url === '' || time.isNative ? place : `${time.name === '' ? 'unnamed' : time.name}, ${place}`
}
