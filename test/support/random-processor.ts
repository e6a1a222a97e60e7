// Operators of users for random topologies. A processor keeps a sum for each key, forwards it, and by stream time what its
// store holds. A transformer adds to each row what the row has been, and deletes some.
import {
  int64,
  type KeyValueStore,
  keyValueStore,
  nullable,
  type Processor,
  string,
  type ValueTransformer,
} from 'millrace'

type Key = string | null
type Value = number | null

export const sums = (name: string, headers: boolean) =>
  keyValueStore(`${name}-sums`, { key: nullable(string()), value: int64(), headers })

/** @param store what it keeps, made by {@link sums} */
export function summingUp(store: ReturnType<typeof sums>, detail: number): Processor<Key, Value> {
  return (context) => {
    const rows = context.store(store)
    const schedule = context.schedule(5 + (detail % 20), 'streamTime', (now) => {
      for (const row of rows.range({ reverse: detail % 2 === 0 })) {
        context.forward(row)
        if (row.value % 5 === 0) rows.delete(row.key)
      }
      if (detail % 7 === 0 && now > 40) schedule.cancel()
    })
    return {
      process(record) {
        const { key, value } = record
        if (key === null) return context.forward(record)
        const sum = ((rows.get(key) ?? 0) * 31 + (value ?? detail)) % 1_009
        rows.put(key, sum)
        if (detail % 3 === 0) context.commit()
        context.forward({ key, value: sum })
      },
    }
  }
}

export function addingUp(store: KeyValueStore<string, number>): ValueTransformer<string, number, number> {
  return (context) => {
    const rows = context.store(store)
    return {
      transform({ key, value }) {
        const sum = ((rows.get(key) ?? 0) * 31 + (value ?? 1)) % 1_009
        rows.put(key, sum)
        return sum % 6 === 5 ? null : sum
      },
    }
  }
}
