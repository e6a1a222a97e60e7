// Every place of a public call that takes a value: the call, with all else as it should be.
import {
  boolean,
  bigint64,
  bytes,
  days,
  float64,
  hours,
  int64,
  isFrom,
  json,
  keyValueStore,
  ManualClock,
  minutes,
  msgpack,
  nullable,
  openLog,
  replay,
  type Replay,
  restoreLog,
  seconds,
  startStreams,
  StreamsBuilder,
  string,
  sessionStore,
  SessionWindows,
  sessionWindowed,
  CalendarWindows,
  SlidingWindows,
  TimeWindows,
  UnlimitedWindows,
  topic,
  Topology,
  tuple,
  windowed,
  windowStore,
} from 'millrace'
import { TopologyTestDriver, twice } from 'millrace/testing'
import { lines, words } from '../support/topics.ts'
import { call } from '../support/untyped.ts'
import { callVerb, receiverOf, titleOf, verbs } from '../support/verbs.ts'
import { counts, perMinute, type World } from './world.ts'

export type Place = (world: World, value: unknown) => unknown
type Places = Readonly<Record<string, Place>>

const namesIn = (text: string): readonly string[] => text.split(' ')

/** The places of options that a call can do without. */
export const optional: Set<string> = new Set()

/** A place for the options as a whole, and one for each option; `valid` has those that the call needs. */
function options(name: string, fields: readonly string[], make: Place, valid: object = {}): Places {
  const places: Record<string, Place> = { [name]: make }
  for (const field of fields) {
    if (!(field in valid)) optional.add(`${name}: ${field}`)
    places[`${name}: ${field}`] = (world, value) => make(world, { ...valid, [field]: value })
  }
  return places
}

/** Functions as a program without types sees them. */
const untyped = (fn: unknown, ...args: readonly unknown[]): unknown => call({ fn: fn as object }, 'fn', ...args)
const record = { key: 'a', value: 'b' }
const serdes = { key: string(), value: string() }

const constants: Places = {
  'topic: name': (_, value) => untyped(topic, value, serdes),
  ...options(
    'topic',
    ['key', 'value', 'partitions', 'retentionMs', 'cleanupPolicy', 'maxMessageBytes', 'compressionType'],
    (_, value) => untyped(topic, 'made', value),
    serdes,
  ),
  'keyValueStore: name': (_, value) => untyped(keyValueStore, value, serdes),
  ...options('keyValueStore', ['key', 'value', 'headers'], (_, value) => untyped(keyValueStore, 'made', value), serdes),
  ...options(
    'windowStore',
    ['key', 'value', 'size', 'retentionMs'],
    (_, value) => untyped(windowStore, 'made', value),
    serdes,
  ),
  ...options(
    'sessionStore',
    ['key', 'value', 'retentionMs'],
    (_, value) => untyped(sessionStore, 'made', value),
    serdes,
  ),
  ...options('SessionWindows.of', ['gap', 'grace'], (_, value) => call(SessionWindows, 'of', value), { gap: 5 }),
  ...options(
    'CalendarWindows.of',
    ['unit', 'timeZone', 'weekStart', 'dayStart', 'grace'],
    (_, value) => call(CalendarWindows, 'of', value),
    { unit: 'day', timeZone: 'UTC' },
  ),
  ...options('SlidingWindows.of', ['difference', 'grace'], (_, value) => call(SlidingWindows, 'of', value), {
    difference: 5,
  }),
  ...options('UnlimitedWindows.of', ['start'], (_, value) => call(UnlimitedWindows, 'of', value)),
  ...options('TimeWindows.of', ['size', 'advance', 'offset', 'grace'], (_, value) => call(TimeWindows, 'of', value), {
    size: 5,
  }),
  'windowed: key': (_, value) => untyped(windowed, value, { size: 5 }),
  ...options('windowed', ['size'], (_, value) => untyped(windowed, string(), value), { size: 5 }),
  sessionWindowed: (_, value) => untyped(sessionWindowed, value),
  nullable: (_, value) => untyped(nullable, value),
  tuple: (_, value) => untyped(tuple, string(), value),
  'json: versions': (_, value) => untyped(json, value),
  ...options('json', ['version', 'migrate'], (_, value) => untyped(json, value), {
    version: 1,
    migrate: (old: unknown) => old,
  }),
  durations: (_, value) => [seconds, minutes, hours, days].map((duration) => untyped(duration, value)),
  ManualClock: (_, value) => Reflect.construct(ManualClock, [value]),
  'ManualClock.advance': (_, value) => call(new ManualClock(), 'advance', value),
  'ManualClock.jumpTo': (_, value) => call(new ManualClock(), 'jumpTo', value),
}

const allSerdes = {
  string: string(),
  int64: int64(),
  bigint64: bigint64(),
  float64: float64(),
  boolean: boolean(),
  bytes: bytes(),
  json: json(),
  msgpack: msgpack(),
  tuple: tuple(string(), int64()),
  nullable: nullable(string()),
  windowed: windowed(string(), { size: 5 }),
}

const ofSerdes: Places = Object.fromEntries(
  Object.entries(allSerdes).flatMap(([name, serde]): [string, Place][] => [
    [`${name}.encode`, (_, value) => call(serde, 'encode', value)],
    [`${name}.decode`, (_, value) => call(serde, 'decode', value)],
  ]),
)

const ofLog: Places = {
  'openLog: dir': ({ below }, value) => closing(untyped(openLog, below(value))),
  ...options('openLog', ['clock', 'maintenance', 'offsetsRetentionMs'], ({ base }, value) =>
    closing(untyped(openLog, `${base}/opened`, value)),
  ),
  'openLog: maintenance.everyMs': ({ base }, value) =>
    closing(untyped(openLog, `${base}/opened`, { maintenance: { everyMs: value } })),
  'restoreLog: backup': ({ below }, value) => untyped(restoreLog, below(value), below('restored')),
  'restoreLog: dir': ({ base, below }, value) => untyped(restoreLog, `${base}/nothing`, below(value)),
  'read: topic': ({ log }, value) => readAll(call(log, 'read', value)),
  ...options('read', ['partition', 'from', 'signal'], ({ log }, value) => readAll(call(log, 'read', lines, value))),
  'read: follow': ({ log }, value) => call(log, 'read', lines, { follow: value }),
  'read: from.time': ({ log }, value) => readAll(call(log, 'read', lines, { from: { time: value } })),
  'read: from.ago': ({ log }, value) => readAll(call(log, 'read', lines, { from: { ago: value } })),
  ...options(
    'producer',
    namesIn(
      'acks lingerMs batchBytes bufferBytes compression partitioner idempotent onError transactionalId transactionTimeoutMs transactionMaxBytes clock',
    ),
    ({ log }, value) => call(log, 'producer', value),
  ),
  ...options(
    'consumer',
    namesIn(
      'group reset autoCommitMs clientId instanceId sessionTimeoutMs heartbeatMs maxPollIntervalMs assignor signal onAssigned onRevoked onLost topics',
    ),
    ({ log }, value) => call(log, 'consumer', value),
    { topics: [lines] },
  ),
  'consumer: assign': ({ log }, value) => call(log, 'consumer', { assign: value }),
  'consumer: pattern': ({ log }, value) => call(log, 'consumer', { pattern: value }),
  'consumer: a topic': ({ log }, value) => call(log, 'consumer', { topics: [value] }),
  'consumer: an assigned topic': ({ log }, value) =>
    call(log, 'consumer', { assign: [{ topic: value, partition: 0 }] }),
  'consumer: a partition': ({ log }, value) => call(log, 'consumer', { assign: [{ topic: lines, partition: value }] }),
  'isFrom: topic': (_, value) => untyped(isFrom, value, { topic: 'lines' }),
  'isFrom: record': (_, value) => untyped(isFrom, lines, value),
}

const ofProducers: Places = {
  'send: topic': ({ producer }, value) => call(producer, 'send', value, record),
  ...options(
    'send',
    ['key', 'value', 'timestamp', 'headers', 'partition'],
    ({ producer }, value) => call(producer, 'send', lines, value),
    record,
  ),
  'send: a header': ({ producer }, value) => call(producer, 'send', lines, { ...record, headers: [value] }),
  'send: the key of a header': ({ producer }, value) =>
    call(producer, 'send', lines, { ...record, headers: [{ key: value, value: null }] }),
  'send: the value of a header': ({ producer }, value) =>
    call(producer, 'send', lines, { ...record, headers: [{ key: 'k', value }] }),
  'send: what the partitioner returns': ({ log }, value) =>
    call(log.producer({ partitioner: () => value as number }), 'send', lines, record),
  'sendMany: topic': ({ producer }, value) => call(producer, 'sendMany', value, [record]),
  'sendMany: records': ({ producer }, value) => call(producer, 'sendMany', lines, value),
  'sendMany: a record': ({ producer }, value) => call(producer, 'sendMany', lines, [value, record]),
  'tx.send: topic': ({ importer }, value) => importer.transaction((tx) => call(tx, 'send', value, record)),
  'tx.send: record': ({ importer }, value) => importer.transaction((tx) => call(tx, 'send', lines, value)),
  'tx.sendMany: records': ({ importer }, value) => importer.transaction((tx) => call(tx, 'sendMany', lines, value)),
  'tx.sendOffsets': ({ importer }, value) => importer.transaction((tx) => call(tx, 'sendOffsets', value)),
  'transaction: what the function returns': ({ importer }, value) => importer.transaction(() => settled(value)),
}

/** A promise would be awaited: what it rejects with is the function's own error. */
const settled = (value: unknown): unknown => [value]

const ofConsumers: Places = Object.fromEntries(
  (
    [
      ['commit', (value) => [value]],
      ['commit', (value) => [[value]]],
      ['commit', (value) => [[{ topic: value, partition: 0, offset: 0 }]]],
      ['commit', (value) => [[{ topic: 'lines', partition: value, offset: 0 }]]],
      ['commit', (value) => [[{ topic: 'lines', partition: 0, offset: value }]]],
      ['commit', (value) => [[{ topic: 'lines', partition: 0, offset: 0, metadata: value }]]],
      ['commit', (value) => [{ topic: 'lines', partition: 0, records: value }]],
      ['commit', (value) => [undefined, value]],
      ['batches', (value) => [value]],
      ['batches', (value) => [{ maxRecords: value }]],
      ['seek', (value) => [value, 0, 0]],
      ['seek', (value) => [lines, value, 0]],
      ['seek', (value) => [lines, 0, value]],
      ['seek', (value) => [lines, 0, { time: value }]],
      ['pause', (value) => [value]],
      ['pause', (value) => [[value]]],
      ['resume', (value) => [[{ topic: value, partition: 0 }]]],
      ['resume', (value) => [[{ topic: lines, partition: value }]]],
      ['position', (value) => [value, 0]],
      ['position', (value) => [lines, value]],
      ['committed', (value) => [value, 0]],
      ['committed', (value) => [lines, value]],
      ['lag', (value) => [value, 0]],
      ['lag', (value) => [lines, value]],
    ] satisfies readonly (readonly [string, (value: unknown) => readonly unknown[]])[]
  ).map(([verb, args], index): [string, Place] => [
    `consumer.${verb} ${index}`,
    async ({ log }, value) => {
      await using consumer = log.consumer({ group: 'assigned', assign: [{ topic: lines, partition: 0 }] })
      await (call(consumer, verb, ...args(value)) as Promise<unknown> | object)
    },
  ]),
)

const change = { ...words }
const ofAdmin: Places = Object.fromEntries(
  (
    [
      ['createTopic', (value) => [value]],
      ['createTopic', (value) => [{ name: value }]],
      ['createTopic', (value) => [{ name: 'lines', partitions: value }]],
      ['createTopic', (value) => [{ name: 'lines', config: value }]],
      ['createTopic', (value) => [{ name: 'lines', config: { retentionMs: value } }]],
      ['alterTopic', (value) => [value, {}]],
      ['alterTopic', (value) => [lines, value]],
      ['alterTopic', (value) => [change, { cleanupPolicy: value }]],
      ['addPartitions', (value) => [value, 2]],
      ['addPartitions', (value) => [words, value]],
      ['describeTopic', (value) => [value]],
      ['deleteTopic', (value) => [value]],
      ['deleteRecords', (value) => [value, []]],
      ['deleteRecords', (value) => [lines, value]],
      ['deleteRecords', (value) => [lines, [value]]],
      ['deleteRecords', (value) => [lines, [{ partition: value, beforeOffset: 0 }]]],
      ['deleteRecords', (value) => [lines, [{ partition: 0, beforeOffset: value }]]],
      ['endOffsets', (value) => [value]],
      ['startOffsets', (value) => [value]],
      ['offsetsForTimes', (value) => [value, 0]],
      ['offsetsForTimes', (value) => [lines, value]],
      ['lag', (value) => [value]],
      ['resetOffsets', (value) => [value, { to: 'latest' }]],
      ['resetOffsets', (value) => ['readers', value]],
      ['resetOffsets', (value) => ['readers', { to: value }]],
      ['resetOffsets', (value) => ['readers', { to: { offset: value } }]],
      ['resetOffsets', (value) => ['readers', { to: { shift: value } }]],
      ['resetOffsets', (value) => ['readers', { to: 'latest', topics: value }]],
      ['resetOffsets', (value) => ['readers', { to: 'latest', topics: [value] }]],
      ['resetOffsets', (value) => ['readers', { to: 'latest', dryRun: value }]],
      ['deadLetters', (value) => [value]],
      ['deadLetters', (value) => ['pages', value]],
      ['deadLetters', (value) => ['pages', { topic: value }]],
      ['describeApplication', (value) => [value]],
      ['describeApplication', (value) => ['pages', value]],
      ['describeApplication', (value) => ['pages', { version: value }]],
      ['deleteApplication', (value) => [value]],
      ['deleteApplication', (value) => ['pages', value]],
      ['deleteApplication', (value) => ['pages', { outputs: value, dryRun: true }]],
      ['deleteApplication', (value) => ['pages', { outputs: [value], dryRun: true }]],
      ['deleteApplication', (value) => ['pages', { dryRun: value }]],
      ['dropOperators', (value) => [value, ['lines']]],
      ['dropOperators', (value) => ['pages', value]],
      ['dropOperators', (value) => ['pages', [value]]],
      ['dropOperators', (value) => ['pages', [], value]],
      ['dropOperators', (value) => ['pages', [], { dryRun: value }]],
      ['pauseVersion', (value) => [value, 'v2']],
      ['pauseVersion', (value) => ['pages', value]],
      ['resumeVersion', (value) => [value, 'v2']],
      ['resumeVersion', (value) => ['pages', value]],
      ['deleteVersion', (value) => [value, 'v2']],
      ['deleteVersion', (value) => ['pages', value]],
      ['deleteVersion', (value) => ['pages', 'v2', value]],
      ['deleteVersion', (value) => ['pages', 'v2', { dryRun: value }]],
      ['resetApplication', (value) => [value, { to: 'beginning' }]],
      ['resetApplication', (value) => ['pages', value]],
      ['resetApplication', (value) => ['pages', { to: value }]],
      ['resetApplication', (value) => ['pages', { to: { time: value } }]],
      ['resetApplication', (value) => ['pages', { to: { ago: value } }]],
      ['resetApplication', (value) => ['pages', { to: { offsets: value } }]],
      ['resetApplication', (value) => ['pages', { to: { offsets: { lines: value } } }]],
      ['resetApplication', (value) => ['pages', { to: [value] }]],
      ['resetApplication', (value) => ['pages', { to: [{ topic: value, partition: 0, offset: 0 }] }]],
      ['resetApplication', (value) => ['pages', { to: [{ topic: 'lines', partition: value, offset: 0 }] }]],
      ['resetApplication', (value) => ['pages', { to: [{ topic: 'lines', partition: 0, offset: value }] }]],
      ['resetApplication', (value) => ['pages', { to: 'beginning', outputs: [value], dryRun: true }]],
      ['logSizes', (value) => [value]],
      ['logSizes', (value) => [[value]]],
      ['verify', (value) => [value]],
      ['verify', (value) => [{ deep: value }]],
      ['verify', (value) => [{ signal: value }]],
      ['describeGroup', (value) => [value]],
      ['deleteGroup', (value) => [value]],
    ] satisfies readonly (readonly [string, (value: unknown) => readonly unknown[]])[]
  ).map(([verb, args], index): [string, Place] => [
    `admin.${verb} ${index}`,
    ({ log }, value) => call(log.admin, verb, ...args(value)),
  ]),
)

const letter = { partition: 0, offset: 0, key: null, value: null, timestamp: 0, headers: [] }

const deadLetters: Places = Object.fromEntries(
  (
    [
      ['list', (value) => [value]],
      ['list', (value) => [{ reason: value }]],
      ['list', (value) => [{ reason: [value] }]],
      ['list', (value) => [{ operator: value }]],
      ['list', (value) => [{ topic: value }]],
      ['list', (value) => [{ from: value }]],
      ['list', (value) => [{ to: value }]],
      ['list', (value) => [{ order: value }]],
      ['list', (value) => [{ limit: value }]],
      ['list', (value) => [{ after: value }]],
      ['list', (value) => [{ after: { partition: value, offset: 0 } }]],
      ['list', (value) => [{ after: { partition: 0, offset: value } }]],
      ['show', (value) => [value]],
      ['show', (value) => [letter, value]],
      ['edit', (value) => [value, { timestamp: 0 }]],
      ['edit', (value) => [letter, value]],
      ['edit', (value) => [letter, { key: value }]],
      ['edit', (value) => [letter, { value }]],
      ['edit', (value) => [letter, { timestamp: value }]],
      ['edit', (value) => [letter, { headers: value }]],
      ['edit', (value) => [letter, value, { timestamp: 0 }]],
      ['edit', (value) => [letter, lines, value]],
      ['edit', (value) => [letter, lines, { key: value }]],
      ['redrive', (value) => [value]],
      ['redrive', (value) => [[value]]],
      ['redrive', (value) => [[{ ...letter, edited: true, partitionBytes: value }]]],
      ['redrive', (value) => [[{ ...letter, edited: true, partitionBytes: null, headers: value }]]],
      ['redrive', (value) => [{ topic: value }]],
      ['redrive', (value) => [{}, value]],
      ['redrive', (value) => [{}, { dryRun: value }]],
      ['redrive', (value) => [{}, { samples: value }]],
    ] satisfies readonly (readonly [string, (value: unknown) => readonly unknown[]])[]
  ).map(([verb, args], index): [string, Place] => [
    `deadLetters.${verb} ${index}`,
    ({ log }, value) => call(log.admin.deadLetters('pages'), verb, ...args(value)),
  ]),
)

const copied = () => {
  const builder = new StreamsBuilder()
  builder.stream(lines).foreach(() => undefined)
  return builder.build()
}
const range = { topic: 'lines', partition: 0, offset: 0 }

const twices: Places = {
  'twice: topology': ({ log }, value) => untyped(twice, value, { log, to: { time: 0 } }),
  'twice: log': (_, value) => untyped(twice, copied(), { log: value, effects: 'skip' }),
  'twice: options': (_, value) => untyped(twice, copied(), value),
  ...Object.fromEntries(
    ['from', 'to', 'onError', 'restarts', 'clock'].map((field): [string, Place] => {
      optional.add(`twice: ${field}`)
      const given = { to: { time: 0 }, effects: 'skip' }
      return [`twice: ${field}`, ({ log }, value) => untyped(twice, copied(), { log, ...given, [field]: value })]
    }),
  ),
  ...Object.fromEntries(
    ['topic', 'partition', 'offset'].map((field): [string, Place] => [
      `twice: from ${field}`,
      ({ log }, value) => {
        const from = [{ ...range, [field]: value }]
        return untyped(twice, copied(), { log, from, to: { time: 0 }, effects: 'skip' })
      },
    ]),
  ),
  'twice: effects': ({ log }, value) => untyped(twice, copied(), { log, to: { time: 0 }, effects: value }),
}

/** Closed again, and removed, where it began. */
async function replayed(value: object): Promise<void> {
  const builder = new StreamsBuilder()
  const given = { applicationId: 'replayed', version: 'v2', to: { time: 0 }, ...value }
  const stream = builder.stream(lines)
  stream.to(topic('copied', serdes))
  const version = (await untyped(replay, builder.build(), given)) as Replay
  await version.cancel()
}

const replays: Places = Object.fromEntries(
  ['from', 'to', 'effects', 'outputs'].map((field): [string, Place] => {
    optional.add(`replay: ${field}`)
    return [`replay: ${field}`, ({ log }, value) => replayed({ log, [field]: value })]
  }),
)

const backups: Places = {
  'backup: path': ({ log, below }, value) => call(log.admin, 'backup', below(value)),
  backup: ({ log, below }, value) => call(log.admin, 'backup', below('copy'), value),
}

const stream = () => new StreamsBuilder().stream(lines)

const ofStreams: Places = {
  'stream: topics': (_, value) => call(new StreamsBuilder(), 'stream', value),
  'stream: a topic': (_, value) => call(new StreamsBuilder(), 'stream', [value, words]),
  ...options('stream', ['reset', 'timestamp', 'name'], (_, value) =>
    call(new StreamsBuilder(), 'stream', lines, value),
  ),
  ...options(
    'stream of a pattern',
    ['key', 'value', 'reset', 'timestamp', 'name'],
    (_, value) => call(new StreamsBuilder(), 'stream', /^lines/, value),
    serdes,
  ),
  'table: topic': (_, value) => call(new StreamsBuilder(), 'table', value),
  ...options('table', ['store', 'versioned', 'ttlMs', 'reset', 'timestamp', 'name'], (_, value) =>
    call(new StreamsBuilder(), 'table', lines, value),
  ),
  'table: versioned.historyMs': (_, value) =>
    call(new StreamsBuilder(), 'table', lines, { versioned: { historyMs: value } }),
  ...options('stream.join with a table', ['key', 'value', 'graceMs', 'name'], (_, value) => {
    const builder = new StreamsBuilder()
    const table = builder.table(words, { versioned: { historyMs: 10 } })
    return call(builder.stream(lines), 'join', table, () => '', value)
  }),
  ...options(
    'stream.join with a global table',
    ['tableKey', 'name'],
    (_, value) => {
      const builder = new StreamsBuilder()
      return call(builder.stream(lines), 'join', builder.globalTable(words), () => '', value)
    },
    { tableKey: () => 'a' },
  ),
  'globalTable: topic': (_, value) => call(new StreamsBuilder(), 'globalTable', value),
  ...options('globalTable', ['store', 'timestamp', 'name'], (_, value) =>
    call(new StreamsBuilder(), 'globalTable', lines, value),
  ),
  ...Object.assign(
    {},
    ...verbs.map((verb) =>
      options(
        titleOf(verb),
        [...verb.takes, ...Object.keys(verb.needs ?? {})],
        (_, value) => callVerb(verb, stream(), value),
        verb.needs,
      ),
    ),
  ),
  ...Object.fromEntries(
    verbs
      .filter(({ before }) => before !== undefined)
      .map(({ on, verb, needs = {} }): [string, Place] => [
        `${on}.${verb}: what comes first`,
        (_, value) => call(receiverOf(on, stream()), verb, value, needs),
      ]),
  ),
  'pipe: operator': (_, value) => call(stream(), 'pipe', value),
  windowedBy: (_, value) => call(receiverOf('grouped', stream()), 'windowedBy', value),
  ...Object.fromEntries(
    ['addSource', 'addProcessor', 'addSink'].flatMap((add): [string, Place][] => [
      [`${add}: name`, (_, value) => call(new Topology(), add, value, lines, { parents: [] })],
      [`${add}: what`, (_, value) => call(new Topology(), add, 'own', value, { parents: [] })],
      [`${add}: options`, (_, value) => call(new Topology(), add, 'own', lines, value)],
      [`${add}: parents`, (_, value) => call(new Topology(), add, 'own', lines, { parents: value })],
    ]),
  ),
  ...options('describe', ['format'], ({ topology }, value) => call(topology, 'describe', value)),
}

const valid = ({ log }: World): object => ({ log, applicationId: 'hostile' })
const startOptions = namesIn(
  'commit onError deadLetterTopic deadLetterDrops maxTaskIdleMs idleTimeoutMs until stateCacheBytes drop rename clock signal onStateChange',
)
for (const field of startOptions) optional.add(`startStreams: ${field}`)
const ofRuntime: Places = {
  'startStreams: topology': (world, value) => closing(untyped(startStreams, value, valid(world))),
  startStreams: ({ topology }, value) => closing(untyped(startStreams, topology, value)),
  ...Object.fromEntries(
    ['log', 'applicationId', ...startOptions].map((field): [string, Place] => [
      `startStreams: ${field}`,
      (world, value) => closing(untyped(startStreams, world.topology, { ...valid(world), [field]: value })),
    ]),
  ),
  'startStreams: commit.everyMs': (world, value) =>
    closing(untyped(startStreams, world.topology, { ...valid(world), commit: { everyMs: value } })),
  'startStreams: drop[0]': (world, value) =>
    closing(untyped(startStreams, world.topology, { ...valid(world), drop: [value] })),
  'startStreams: rename.old': (world, value) =>
    closing(untyped(startStreams, world.topology, { ...valid(world), rename: { old: value } })),
  'startStreams: onError.retries': (world, value) =>
    closing(untyped(startStreams, world.topology, { ...valid(world), onError: { retries: value, then: 'skip' } })),
  'startStreams: onError.then': (world, value) =>
    closing(untyped(startStreams, world.topology, { ...valid(world), onError: { retries: 1, then: value } })),
}

const ofStores = (name: string, of: (world: World) => object): Places => ({
  [`${name}.store`]: (world, value) => call(of(world), 'store', value),
  [`${name}.get`]: (world, value) => call(call(of(world), 'store', counts), 'get', value),
  ...options(`${name}.range`, ['from', 'to'], (world, value) =>
    readAll(call(call(of(world), 'store', counts), 'range', value)),
  ),
  [`${name}.fetch: key`]: (world, value) => call(call(of(world), 'store', perMinute), 'fetch', value),
  ...options(`${name}.fetch`, ['from', 'to'], (world, value) =>
    call(call(of(world), 'store', perMinute), 'fetch', 'a', value),
  ),
  ...options(`${name}.windows`, ['from', 'to'], (world, value) =>
    readAll(call(call(of(world), 'store', perMinute), 'range', value)),
  ),
})

const ofDrivers: Places = {
  'TopologyTestDriver: topology': (_, value) => closing(Reflect.construct(TopologyTestDriver, [value])),
  ...options(
    'TopologyTestDriver',
    ['onError', 'deadLetterDrops', 'commit', 'initialWallClockMs', 'maxTaskIdleMs', 'stateCacheBytes'],
    ({ topology }, value) => closing(Reflect.construct(TopologyTestDriver, [topology, value])),
  ),
  'driver.inputTopic': ({ driver }, value) => call(driver, 'inputTopic', value),
  'driver.outputTopic': ({ driver }, value) => call(driver, 'outputTopic', value),
  ...options(
    'driver.pipeInput',
    ['key', 'value', 'timestamp', 'headers'],
    ({ driver }, value) => call(driver.inputTopic(lines), 'pipeInput', value),
    record,
  ),
  'driver.pipeInputs: records': ({ driver }, value) => call(driver.inputTopic(lines), 'pipeInputs', value, { from: 0 }),
  ...options(
    'driver.pipeInputs',
    ['from', 'every'],
    ({ driver }, value) => call(driver.inputTopic(lines), 'pipeInputs', [record], value),
    { from: 0 },
  ),
  'driver.advanceWallClockTime': ({ driver }, value) => call(driver, 'advanceWallClockTime', value),
}

/** Reads to its end whatever can be read. */
async function readAll(items: unknown): Promise<void> {
  for await (const _ of items as AsyncIterable<unknown> | Iterable<unknown>);
}

/** Closes what was opened after all. */
async function closing(opening: unknown): Promise<void> {
  const opened = (await opening) as { readonly close: () => unknown }
  await opened.close()
}

export const places: Places = {
  ...constants,
  ...ofSerdes,
  ...ofLog,
  ...ofProducers,
  ...ofConsumers,
  ...ofAdmin,
  ...deadLetters,
  ...twices,
  ...replays,
  ...backups,
  ...ofStreams,
  ...ofRuntime,
  ...ofStores('app', ({ app }) => app),
  ...ofStores('driver', ({ driver }) => driver),
  ...ofDrivers,
}
