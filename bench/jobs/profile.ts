/**
 * The click count under the profiler of V8.
 */
import { type Profiler, Session } from 'node:inspector/promises'
import { type ClickOptions, count } from './clicks.ts'

/** The time that was spent in one function itself, without what it called. */
export interface SelfTime {
  readonly name: string
  /** The URL of its file; of native code that of the function that called it; empty for V8's own work. */
  readonly url: string
  readonly isNative: boolean
  readonly ms: number
}

export async function profileCount(options: ClickOptions): Promise<readonly SelfTime[]> {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: 500 })
  await session.post('Profiler.start')
  await count(options)
  const { profile } = await session.post('Profiler.stop')
  session.disconnect()
  return selfTimes(profile)
}

function selfTimes({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): readonly SelfTime[] {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const parents = new Map(nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node.id] as const)))
  const urlOf = (id: number | undefined): string => {
    const url = id === undefined ? '' : (byId.get(id)?.callFrame.url ?? '')
    return url === '' && id !== undefined ? urlOf(parents.get(id)) : url
  }
  const totals = new Map<string, SelfTime>()
  for (const [index, id] of samples.entries()) {
    const frame = byId.get(id)?.callFrame
    if (frame === undefined) continue
    const isNative = frame.url === ''
    const isOfEngine = frame.functionName.startsWith('(')
    // V8 gives native functions of different modules one name: what called them says more.
    const name = isNative && !isOfEngine ? 'native code' : frame.functionName
    const url = isOfEngine ? '' : urlOf(id)
    const key = JSON.stringify([name, url, isNative])
    const ms = (totals.get(key)?.ms ?? 0) + (timeDeltas[index] ?? 0) / 1_000
    totals.set(key, { name, url, isNative, ms })
  }
  return [...totals.values()].toSorted((a, b) => b.ms - a.ms)
}
