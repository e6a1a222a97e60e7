// The type of what is kept comes from its serde alone: what a function or a store beside it would also allow widens nothing.
import {
  int64,
  json,
  type KGroupedTable,
  type KTable,
  SessionWindows,
  StreamsBuilder,
  string,
  TimeWindows,
  topic,
  type Windowed,
} from 'millrace'
import { describe, expectTypeOf, test } from 'vitest'

interface Click {
  readonly page: string
}
/** What a function that returns {} returns is one too. */
interface Total {
  readonly clicks?: number
}
/** A literal is one of these, and widens to a string elsewhere. */
type Plan = 'free' | 'team'

const clicks = topic('clicks', { key: string(), value: json<Click>() })
const builder = new StreamsBuilder()
const stream = builder.stream(clicks)
const grouped = stream.groupByKey()
const value = json<Total>()
type Totals = KTable<string, Total, 'both'>
type WindowedTotals = KTable<Windowed<string>, Total, 'both'>

describe('an aggregate has the type of its serde', () => {
  const initializer = () => ({})
  const aggregator = () => ({})
  const merger = () => ({})

  test('whatever its functions return', () => {
    expectTypeOf(grouped.aggregate({ initializer, aggregator: () => null, value })).toEqualTypeOf<Totals>()
    expectTypeOf(
      grouped.aggregate({ initializer: (): Total => ({}), aggregator, value, name: 'b' }),
    ).toEqualTypeOf<Totals>()
    expectTypeOf(
      grouped.windowedBy(TimeWindows.of({ size: 5 })).aggregate({ initializer, aggregator, value, name: 'c' }),
    ).toEqualTypeOf<WindowedTotals>()
    expectTypeOf(
      grouped
        .windowedBy(SessionWindows.of({ gap: 5 }))
        .aggregate({ initializer: (): Total => ({}), aggregator: () => null, merger, value, name: 'd' }),
    ).toEqualTypeOf<WindowedTotals>()
    expectTypeOf(
      grouped
        .count({ name: 'e' })
        .groupBy(({ key }) => ({ key, value: '' }), { key: string(), value: string() })
        .aggregate({
          initializer: (): Total => ({}),
          aggregator: () => null,
          subtractor: () => ({}),
          value,
          name: 'f',
        }),
    ).toEqualTypeOf<Totals>()
  })
})

test('the key of grouped rows has the type of its serde, whatever key the function returns', () => {
  const regrouped = grouped
    .count({ name: 'g' })
    .groupBy((): { key: 'free'; value: number } => ({ key: 'free', value: 1 }), { key: json<Plan>(), value: int64() })
  expectTypeOf(regrouped).toEqualTypeOf<KGroupedTable<Plan, number>>()
})
