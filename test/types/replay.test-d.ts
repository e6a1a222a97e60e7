// What the compiler knows of replays, comparisons and switches, of dead letters and of two runs: types flow from the constants, and
// a call that cannot be meant does not compile.
import {
  type Application,
  type ComparisonReport,
  type DeadLetter,
  type DeadLetters,
  type EditedLetter,
  int64,
  json,
  keyValueStore,
  type Log,
  minutes,
  type RedriveReport,
  replay,
  type Replay,
  type ReplayOptions,
  type ReplayProgress,
  sessionStore,
  type ShownLetter,
  string,
  type SwitchPlan,
  topic,
  type Topology,
  windowed,
  type Windowed,
  windowStore,
} from 'millrace'
import { twice, type TwiceReport } from 'millrace/testing'
import type { Observable } from 'rxjs'
import { expectTypeOf } from 'vitest'

interface Order {
  readonly id: string
  readonly cents: number
}

declare const log: Log
declare const topology: Topology
declare const v2: Replay
declare const letter: DeadLetter
const totals = keyValueStore('totals', { key: string(), value: int64() })
const perMinute = windowStore('per-minute', { key: string(), value: int64() })
const visits = sessionStore('visits', { key: string(), value: json<Order>() })
const orders = topic('orders', { key: string(), value: json<Order>() })
const minuteTopic = topic('minutes', { key: windowed(string(), { size: minutes(1) }), value: int64() })
const base = { log, applicationId: 'app', version: 'v2' }

// A replay says which version it is, and where it begins and ends in one way only.
expectTypeOf(replay(topology, base)).resolves.toEqualTypeOf<Replay>()
expectTypeOf<{ time: number }>().toExtend<NonNullable<ReplayOptions['from']>>()
expectTypeOf<'live'>().toExtend<NonNullable<ReplayOptions['from']>>()
expectTypeOf<'live'>().not.toExtend<NonNullable<ReplayOptions['to']>>()
expectTypeOf<{ ago: number }>().not.toExtend<NonNullable<ReplayOptions['to']>>()
// @ts-expect-error the version has no default: the live one has a name too
void replay(topology, { log, applicationId: 'app' })
// @ts-expect-error a time is in ms since the epoch
void replay(topology, { ...base, from: { time: new Date() } })
// @ts-expect-error a replay ends by its range
void replay(topology, { ...base, until: 'end' })
// @ts-expect-error offsets are lists, one for each partition
void replay(topology, { ...base, from: { offsets: { orders: 5 } } })
// @ts-expect-error what becomes of effects is one of three
void replay(topology, { ...base, effects: 'drop' })
void replay(topology, {
  ...base,
  effects: ({ key, value }, { operator, verb }) => {
    expectTypeOf(key).toEqualTypeOf<unknown>()
    expectTypeOf(value).toEqualTypeOf<unknown>()
    expectTypeOf(operator).toEqualTypeOf<string>()
    expectTypeOf(verb).toEqualTypeOf<'foreach' | 'peek' | 'mapAsync'>()
  },
})
void replay(topology, { ...base, outputs: { minutes: minuteTopic, orders: 'trial' } })
// @ts-expect-error a store is no output
void replay(topology, { ...base, outputs: { minutes: totals } })

// It answers as an application does.
expectTypeOf(v2.store(totals).get('/')).toEqualTypeOf<number | undefined>()
expectTypeOf([...v2.store(perMinute).range()][0]?.key).toEqualTypeOf<Windowed<string> | undefined>()
expectTypeOf(v2.store(visits).find('a')[0]?.value).toEqualTypeOf<Order | undefined>()
expectTypeOf<Replay['store']>().toEqualTypeOf<Application['store']>()
expectTypeOf(v2.progress$).toEqualTypeOf<Observable<ReplayProgress>>()
expectTypeOf(v2.progress().state).toEqualTypeOf<
  'replaying' | 'following' | 'done' | 'paused' | 'closing' | 'closed' | 'failed'
>()
expectTypeOf(v2.progress().etaMs).toEqualTypeOf<number | null>()
// @ts-expect-error keys are text
v2.store(totals).get(5)

// A comparison is plain data; what it shows of a key is not known to the compiler.
expectTypeOf(v2.compare()).resolves.toEqualTypeOf<ComparisonReport>()
expectTypeOf<ComparisonReport['stores'][number]['what']>().toEqualTypeOf<'rows' | 'newest' | 'records'>()
expectTypeOf<ComparisonReport['topics'][number]['samples'][number]['key']>().toEqualTypeOf<unknown>()
// @ts-expect-error not an option
void v2.compare({ sample: 5 })

// A switch says what becomes of the outputs; the way back need not.
expectTypeOf(v2.switch({ outputs: 'replace' })).resolves.toEqualTypeOf<SwitchPlan>()
expectTypeOf(
  log.admin.switchVersion('app', 'v2', { outputs: 'continue', dryRun: true }),
).resolves.toEqualTypeOf<SwitchPlan>()
expectTypeOf(log.admin.switchBack('app')).resolves.toEqualTypeOf<SwitchPlan>()
// @ts-expect-error it has no default: each mode promises something else to those who read
void v2.switch({})
// @ts-expect-error the same
void log.admin.switchVersion('app', 'v2')
// @ts-expect-error no such mode
void log.admin.switchVersion('app', 'v2', { outputs: 'merge' })
// @ts-expect-error which version goes has to be said
void log.admin.deleteVersion('app')
expectTypeOf<SwitchPlan['positions'][number]['after']>().toEqualTypeOf<number>()

// Administration: what is reset says to where; what is deleted can be tried before.
// @ts-expect-error to where has to be said
void log.admin.resetApplication('app')
void log.admin.deleteApplication('app', { dryRun: true })
expectTypeOf((await log.admin.describeApplication('app', { version: 'v2' })).switches[0]).toExtend<
  { readonly from: string; readonly to: string } | undefined
>()
expectTypeOf((await log.admin.applications())[0]?.applicationId).toEqualTypeOf<string | undefined>()

// Dead letters are bytes until a topic says what they are.
const letters = log.admin.deadLetters('app')
expectTypeOf(letters).toEqualTypeOf<DeadLetters>()
expectTypeOf(letters.list({ topic: orders, reason: ['undecodable'], order: 'newest' })).toEqualTypeOf<
  AsyncIterable<DeadLetter>
>()
expectTypeOf(letters.show(letter)).resolves.toEqualTypeOf<DeadLetter>()
expectTypeOf(letters.show(letter, orders)).resolves.toEqualTypeOf<ShownLetter<string, Order>>()
const shown = (await letters.show(letter, orders)).record.value
if (shown.ok) expectTypeOf(shown.value).toEqualTypeOf<Order | null>()
else expectTypeOf(shown.error).toEqualTypeOf<string>()
// @ts-expect-error there is no value where it could not be decoded
void (await letters.show(letter, orders)).record.value.value
expectTypeOf(letters.edit(letter, { value: Buffer.from('x') })).toEqualTypeOf<EditedLetter>()
expectTypeOf(letters.edit(letter, orders, { key: 'a', value: { id: 'a', cents: 5 } })).toEqualTypeOf<EditedLetter>()
expectTypeOf(letters.edit(letter, orders, { value: null })).toEqualTypeOf<EditedLetter>()
// @ts-expect-error without a topic it is bytes
letters.edit(letter, { value: { id: 'a', cents: 5 } })
// @ts-expect-error not what the topic holds
letters.edit(letter, orders, { value: { id: 'a' } })
// @ts-expect-error where a letter lies does not change
letters.edit(letter, orders, { partition: 1 })
expectTypeOf(letters.redrive([letter, { partition: 0, offset: 5 }])).resolves.toEqualTypeOf<RedriveReport>()
void letters.redrive({ reason: 'undecodable', from: 0 }, { dryRun: true })
// @ts-expect-error a letter is found by its partition too
void letters.redrive([{ offset: 5 }])
// @ts-expect-error all of them have to be asked for: {}
void letters.redrive()

// Two runs of a topology need a log to read, and say where they differ.
expectTypeOf(twice(topology, { log })).resolves.toEqualTypeOf<TwiceReport>()
void twice(topology, { log, from: { ago: minutes(5) }, to: [{ topic: 'orders', partition: 0, offset: 5 }] })
// @ts-expect-error without a log there are no records
void twice(topology)
// @ts-expect-error a run that is compared has an end: "ago" would move
void twice(topology, { log, to: { ago: minutes(5) } })
// @ts-expect-error no such effects
void twice(topology, { log, effects: 'drop' })
const report = await twice(topology, { log })
expectTypeOf(report.output).toExtend<{ readonly topic: string; readonly offset: number } | null>()
// @ts-expect-error nothing differs where they are the same
void report.output.topic
