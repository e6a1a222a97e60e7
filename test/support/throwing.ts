// Every verb that calls a function of the user's, with a function that throws for some values.
import { type KStream, string, TimeWindows, topic } from 'millrace'
import { map } from 'rxjs'

/** Throws when it pleases, otherwise it does nothing. */
export type Check = (value: string) => void

type Text = KStream<string, string>

/** By verb: the stream with that verb put in, and the operator that fails. Values pass unchanged where they pass. */
export const throwingVerbs: Readonly<
  Record<string, { readonly operator: string; readonly put: (stream: Text, check: Check) => KStream<string, string> }>
> = {
  filter: { operator: 'filter-1', put: (stream, check) => stream.filter(({ value }) => (check(value), true)) },
  filterNot: {
    operator: 'filterNot-1',
    put: (stream, check) => stream.filterNot(({ value }) => (check(value), false)),
  },
  map: { operator: 'map-1', put: (stream, check) => stream.map(({ key, value }) => (check(value), { key, value })) },
  mapValues: {
    operator: 'mapValues-1',
    put: (stream, check) => stream.mapValues(({ value }) => (check(value), value)),
  },
  flatMap: {
    operator: 'flatMap-1',
    put: (stream, check) =>
      stream.flatMap(function* ({ key, value }) {
        yield { key, value }
        check(value)
      }),
  },
  flatMapValues: {
    operator: 'flatMapValues-1',
    put: (stream, check) =>
      stream.flatMapValues(function* ({ value }) {
        yield value
        check(value)
      }),
  },
  selectKey: {
    operator: 'selectKey-1',
    put: (stream, check) => stream.selectKey(({ key, value }) => (check(value), key)),
  },
  peek: { operator: 'peek-1', put: (stream, check) => stream.peek(({ value }) => check(value)) },
  pipe: {
    operator: 'pipe-1',
    put: (stream, check) => stream.pipe(map(({ key, value }) => (check(value), { key, value }))),
  },
  groupBy: {
    operator: 'selectKey-1',
    put: (stream, check) =>
      stream
        .groupBy(({ key, value }) => (check(value), key), { key: string() })
        .reduce((_left, right) => right)
        .toStream()
        .mapValues(({ value }) => value ?? ''),
  },
  reduce: {
    operator: 'texts.reduce',
    put: (stream, check) =>
      stream
        .groupByKey()
        .reduce((_left, right) => (check(right), right))
        .toStream()
        .mapValues(({ value }) => value ?? ''),
  },
  aggregate: {
    operator: 'texts.aggregate',
    put: (stream, check) =>
      stream
        .groupByKey()
        .aggregate({
          initializer: () => '',
          aggregator: (_key, value) => (check(value), value),
          value: string(),
        })
        .toStream()
        .mapValues(({ value }) => value ?? ''),
  },
  initializer: {
    operator: 'texts.aggregate',
    put: (stream, check) => {
      let latest = ''
      return stream
        .selectKey(({ value }) => (latest = value))
        .groupByKey({ key: string() })
        .aggregate({
          initializer: () => (check(latest), ''),
          aggregator: (_key, value) => value,
          value: string(),
          name: 'texts.aggregate',
        })
        .toStream()
        .mapValues(({ value }) => value ?? '')
    },
  },
  'windowed aggregate': {
    operator: 'texts.aggregate',
    put: (stream, check) =>
      stream
        .groupByKey()
        .windowedBy(TimeWindows.of({ size: 1_000 }))
        .aggregate({
          initializer: () => '',
          aggregator: (_key, value) => (check(value), value),
          value: string(),
        })
        .toStream()
        .map(({ key, value }) => ({ key: key.key, value: value ?? '' })),
  },
  'a sink': {
    operator: 'to-1',
    put: (stream, check) => {
      const encode = (value: string): Uint8Array => (check(value), Buffer.from(value))
      stream.to(topic('checked', { key: string(), value: { encode, decode: String } }))
      return stream
    },
  },
  'a store': {
    operator: 'texts.aggregate',
    put: (stream, check) =>
      stream
        .groupByKey()
        .aggregate({
          initializer: () => '',
          aggregator: (_key, value) => value,
          value: {
            name: 'checked',
            encode: (value: string) => (check(value), Buffer.from(value)),
            decode: (from) => Buffer.from(from).toString(),
          },
        })
        .toStream()
        .mapValues(({ value }) => value ?? ''),
  },
}
