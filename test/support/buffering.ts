// An operator that holds each record for some stream time and then lets it go: the least that needs bounded releases.
import { string } from 'millrace'
import { ByteWriter } from '../../src/core/bytes.ts'
import { type Codec, codecOf, encodeInto } from '../../src/core/serde.ts'
import { SizedForm } from '../../src/core/windows/window-form.ts'
import type { Carrier } from '../../src/plan/carrier.ts'
import type { CarrierObserver, OperatorFactory } from '../../src/plan/operator.ts'
import { segmentLayout } from '../../src/plan/store-layout.ts'
import { ordered, type StoreSpec } from '../../src/plan/store.ts'
import { operate, PassingSubscriber } from '../../src/plan/subscriber.ts'

/** Its store and factory, for a stateful node. Records of one key and time replace each other, those without a key pass. */
export function buffering(
  holdMs: number,
  onRelease: (size: number) => void = () => undefined,
  name: string = 'buffer',
  valueCodec: Codec<unknown> = codecOf(string()) as Codec<unknown>,
): { readonly stores: readonly StoreSpec[]; readonly operator: OperatorFactory } {
  const text = codecOf(string()) as Codec<unknown>
  const spec: StoreSpec = {
    kind: 'window',
    name,
    keyCodec: text,
    valueCodec,
    layout: segmentLayout(1_000_000_000, { hasDueTimes: true }),
    form: new SizedForm(1),
    facts: {},
  }
  const operator: OperatorFactory = (context) => {
    const store = ordered(context.state<unknown, unknown>(spec))
    const { streamTime } = context
    let to: CarrierObserver | undefined
    const post = context.release({
      next(max, job: Carrier) {
        const rows = store.dueRows(streamTime.now, max)
        onRelease(rows.length)
        for (const row of rows) {
          const { keyBytes, keyEnd, value, timestamp } = row
          const out = job.withKeyBytes(text, keyBytes.subarray(0, keyEnd), value, valueCodec)
          out.timestamp = timestamp
          store.remove(row)
          to?.next(out)
        }
        return store.dueRows(streamTime.now, 1).length > 0
      },
      skip() {
        const [row] = store.dueRows(streamTime.now, 1)
        if (row === undefined) throw new Error('a row that is passed over is there')
        const { timestamp, keyBytes, keyEnd } = row
        const value = new ByteWriter(64)
        if (row.value !== null) encodeInto(valueCodec, row.value, value, 'value')
        store.remove(row)
        return { timestamp, key: keyBytes.subarray(0, keyEnd), value: Buffer.from(value.bytes.subarray(0, value.at)) }
      },
    })
    return operate((out) => {
      to = out
      return new PassingSubscriber({
        next(carrier) {
          if (carrier.isKeyNull) return out.next(carrier)
          const { timestamp } = carrier
          const now = streamTime.advance(timestamp)
          const row = store.row(carrier, timestamp)
          store.put(row, carrier.value, timestamp)
          store.setDue(row, timestamp + holdMs)
          if (store.dueRows(now, 1).length > 0) post()
        },
      })
    })
  }
  return { stores: [spec], operator }
}
