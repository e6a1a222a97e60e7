// A processor that keeps a sum for each key, with the headers that it had last.
import { int64, keyValueStore, type Processor, string } from 'millrace'
import type { Work } from './naive.ts'
import { plain, type Side, type StreamSide, type Text, type Value, type Verbs } from './sides.ts'

const next = (sum: Value, value: Value): number => ((sum ?? 0) * 31 + (value ?? 3)) % 1_009

export const processorVerbs: Verbs<StreamSide> = {
  process: (growing, { stream, node }, { detail }, name): Side => {
    const store = keyValueStore(`${name}-sums`, { key: string(), value: int64(), headers: true })
    const processor: Processor<Text, Value> = (context) => {
      const rows = context.store(store)
      return {
        process(record) {
          if (record.key === null) return context.forward(record)
          const before = rows.row(record.key)
          const sum = next(before?.value ?? null, record.value)
          if (sum % 7 === detail % 7) rows.delete(record.key)
          else rows.put(record.key, sum)
          context.forward({ key: record.key, value: sum, headers: before?.headers ?? [] })
          if (sum % 5 === 0) context.forward({ key: record.key, value: null })
        },
      }
    }
    return {
      kind: 'stream',
      stream: plain(stream.process(processor, { stores: [store], name })),
      node: growing.work([node], () => summing(detail)),
      rekeyed: true,
    }
  },
}

function summing(detail: number): Work {
  const rows = new Map<unknown, { readonly sum: number; readonly headers: string }>()
  return {
    take(event) {
      if (event.key === null) return [event]
      const before = rows.get(event.key)
      const sum = next(before?.sum ?? null, event.value)
      if (sum % 7 === detail % 7) rows.delete(event.key)
      else rows.set(event.key, { sum, headers: event.headers })
      const first = { ...event, value: sum, headers: before?.headers ?? '', old: null }
      return sum % 5 === 0 ? [first, { ...event, value: null, old: null }] : [first]
    },
  }
}
