// suppress: waits for the end of a window, or for some time.
import type { KTable, Windowed } from 'millrace'
import type { Builder } from './built.ts'
import { plainSerde } from './data.ts'
import type { Key, Value } from './vocabulary.ts'

export const suppressOperations = {
  suppress(made, node) {
    const { table, key, value } = made.input(node, 'table')
    const { untilTimeLimitMs, maxRecords, whenFull } = node
    const options = {
      ...(untilTimeLimitMs === undefined ? { untilWindowCloses: true } : { untilTimeLimit: untilTimeLimitMs }),
      ...(maxRecords === undefined ? {} : { maxRecords }),
      ...(whenFull === undefined ? {} : { whenFull: whenFull === 'shutDown' ? 'fail' : whenFull }),
      ...(value.serde === undefined ? { value: plainSerde(value.type) } : {}),
      ...made.name(node),
    }
    // A case may ask for what the types refuse.
    const windowed = table as unknown as KTable<Windowed<string>, Value>
    const suppressed = windowed.suppress(options as never) as unknown as KTable<Key, Value, 'key'>
    return { kind: 'table', table: suppressed, key, value: { type: value.type, serde: plainSerde(value.type) } }
  },
} as const satisfies Readonly<Record<string, Builder>>
