// The outputs of a replay are given by names and constants, and nothing else compiles.
import { int64, keyValueStore, minutes, type OtherOutputs, string, topic, windowed } from 'millrace'
import { expectTypeOf, test } from 'vitest'

const perMinute = topic('per-minute', { key: windowed(string(), { size: minutes(1) }), value: int64() })
const store = keyValueStore('store', { key: string(), value: int64() })

test('the outputs of a replay are names and constants of topics', () => {
  expectTypeOf<{ counts: string }>().toExtend<OtherOutputs>()
  expectTypeOf<{ counts: typeof perMinute }>().toExtend<OtherOutputs>()
  expectTypeOf<{ counts: typeof store }>().not.toExtend<OtherOutputs>()
  expectTypeOf<{ counts: number }>().not.toExtend<OtherOutputs>()
})
