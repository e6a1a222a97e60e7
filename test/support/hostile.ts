// Values that no call expects, by name: those that break what looks at them, and those that are of the wrong kind or size.

const boom = (): never => {
  throw new Error('boom')
}

/** Every trap of this proxy throws. */
const throwingTraps = new Proxy({}, { get: () => boom })

function throwingError(): Error {
  const error = new Error('hidden')
  return Object.defineProperty(error, 'message', { get: boom })
}

function cyclic(): object {
  const self: Record<string, unknown> = { name: 'a' }
  self['self'] = self
  return self
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

function many(count: number): object {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`field${index}`, index]))
}

/** Each is made anew, so that no call sees what another one has changed. */
export const hostileValues: Readonly<Record<string, () => unknown>> = {
  undefined: () => undefined,
  null: () => null,
  true: () => true,
  'a BigInt': () => 5n,
  'a symbol': () => Symbol('a\u001b\u009b'),
  NaN: () => Number.NaN,
  infinity: () => Number.POSITIVE_INFINITY,
  'minus one': () => -1,
  'minus zero': () => -0,
  'a fraction': () => 0.5,
  'the largest safe integer': () => Number.MAX_SAFE_INTEGER,
  '2^53': () => 2 ** 53,
  'an empty string': () => '',
  'a long string': () => 'x'.repeat(20_000),
  'a string of controls': () => '\u0000\n\u001b[31m\u0085\u009b\u2028\u202e\ud800',
  'a name of the prototype': () => '__proto__',
  'a function': () => () => 5,
  'a function that throws': () => boom,
  'a class': () => class Planted {},
  'an empty object': () => ({}),
  'an object without a prototype': () => Object.create(null),
  'a field without a prototype': () => ({ key: Object.create(null), value: Object.create(null) }),
  'a BigInt in every field': () => ({ name: 5n, key: 5n, value: 5n, time: 5n, ago: 5n, partition: 5n, topic: 5n }),
  'a cyclic object': cyclic,
  'an object of many fields': () => many(500),
  'a throwing toString': () => ({ toString: boom, valueOf: boom, toJSON: boom, [Symbol.toPrimitive]: boom }),
  'throwing getters': () =>
    Object.defineProperties(
      {},
      Object.fromEntries(
        ['name', 'kind', 'key', 'value', 'topic', 'time', 'then', 'length', 'constructor'].map((field) => [
          field,
          { get: boom, enumerable: true },
        ]),
      ),
    ),
  'a throwing tag': () => Object.defineProperty({}, Symbol.toStringTag, { get: boom }),
  'a throwing iterator': () => ({ [Symbol.iterator]: boom, [Symbol.asyncIterator]: boom }),
  'a proxy that throws': () => new Proxy({}, throwingTraps),
  'a function proxy that throws': () => new Proxy(() => undefined, throwingTraps),
  'a list proxy that throws': () => new Proxy([], throwingTraps),
  'a revoked proxy': revoked,
  'an error that throws': throwingError,
  'an empty list': () => [],
  'a list of nulls': () => [null, undefined],
  'a sparse list': () => Array(3),
  'a frozen list': () => Object.freeze([Object.freeze({})]),
  'a list of a BigInt and a symbol': () => [5n, Symbol('a')],
  'a date': () => new Date(0),
  'an invalid date': () => new Date(Number.NaN),
  'a pattern': () => /a/,
  'a map': () => new Map([['key', 'value']]),
  bytes: () => new Uint8Array(3),
  'a promise': () => Promise.resolve(5),
}
