// Carriers as the runtime makes them from a record of the log.
import { Carrier } from '../../src/plan/carrier.ts'
import { noHeaders } from '../../src/core/headers.ts'
import { codecOf, type Serde } from '../../src/core/serde.ts'

/** A carrier of a record with these bytes for key and value; null stands for null. */
export function carrierOfBytes<K, V>(
  keySerde: Serde<K>,
  key: Uint8Array | null,
  valueSerde: Serde<V>,
  value: Uint8Array | null,
  timestamp: number = 1_000,
): Carrier<K, V> {
  const before = Buffer.from('before')
  const bytes = Buffer.concat([before, key ?? Buffer.of(), value ?? Buffer.of()])
  const keyEnd = before.length + (key ?? '').length
  return Carrier.ofLog(
    { topic: 'clicks', partition: 2 },
    7,
    timestamp,
    noHeaders,
    bytes,
    codecOf(keySerde) as never,
    before.length,
    key === null ? -1 : keyEnd,
    codecOf(valueSerde) as never,
    keyEnd,
    value === null ? -1 : bytes.length,
  ) as Carrier<K, V>
}

/** A carrier of a record with this key and value, undecoded. */
export function carrierOf<K, V>(keySerde: Serde<K>, key: K, valueSerde: Serde<V>, value: V): Carrier<K, V> {
  const bytesOf = <T>(serde: Serde<T>, part: T): Uint8Array | null => (part === null ? null : serde.encode(part))
  return carrierOfBytes(keySerde, bytesOf(keySerde, key), valueSerde, bytesOf(valueSerde, value))
}
