// Schedules of processors come when a naive evaluator says: by stream time and by the wall clock, made with the
// processor or in a turn, cancelled, failing, after crashes that lose what was not committed, and after a change of
// the interval.
import fc from 'fast-check'
import { int64, type ProcessorContext, StreamsBuilder, string, topic } from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'
import { expect, test } from 'vitest'
import { type Plan, Schedules, type Script, scripts } from './schedules.ts'
import { numbers } from './sides.ts'

const input = (partitions: number) => topic('in', { key: string(), value: int64(), partitions })
const output = topic('out', { key: string(), value: int64(), partitions: 1 })
const deadLetters = numbers('test-driver.dead-letters', 1)

interface Outcome {
  /** Of each partition. */
  readonly lines: readonly (readonly string[])[]
  readonly letters: readonly string[]
}

/** What a schedule does, in a processor with this context. */
function schedule(context: ProcessorContext<string, number>, plan: Plan, interval: number, key: string): void {
  const { type, startMs, cancelsAt, failsAt } = plan
  const scheduled = context.schedule(
    interval,
    type,
    (now) => {
      context.forward({ key, value: now })
      if (now % 7 === cancelsAt) scheduled.cancel()
      if (now % 5 === failsAt) throw new Error('not at this time')
    },
    { startMs },
  )
}

/** By how much the intervals are longer, after each of the actions. */
function growth({ plans, actions }: Script): readonly (readonly number[])[] {
  let extra: readonly number[] = plans.map(() => 0)
  return actions.map((action, number) => {
    if (action.kind === 'crash' && action.changes !== undefined) {
      extra = extra.with(action.changes % plans.length, number + 1)
    }
    return extra
  })
}

function played(script: Script): Outcome {
  const { partitions, plans, late, actions, policy } = script
  const extras = growth(script)
  let extra: readonly number[] = []
  const builder = new StreamsBuilder()
  const source = input(partitions)
  const make = (context: ProcessorContext<string, number>, operator: number, before: string): void => {
    for (const [index, plan] of plans.entries()) {
      if (plan.operator !== operator) continue
      schedule(context, plan, plan.interval + (extra[index] ?? 0), `${before}schedule ${index}`)
    }
  }
  builder
    .stream(source)
    .process<string, number>((context) => {
      make(context, 0, '')
      return {
        process(record) {
          if (record.value % 6 === 5) schedule(context, late, late.interval, 'late')
          context.forward(record)
          if (record.value % 11 === 7) throw new Error('not this one')
        },
      }
    })
    .process<string, number>((context) => {
      const before = `${context.partition} `
      make(context, 1, before)
      return { process: ({ key }) => context.forward({ key: `${before}${key}`, value: context.streamTime }) }
    })
    .to(output)
  using driver = new TopologyTestDriver(builder.build(), { onError: policy, commit: 'manual' })
  for (const [number, action] of actions.entries()) {
    extra = extras[number] ?? []
    if (action.kind === 'record') driver.inputTopic(source).pipeInput(action)
    else if (action.kind === 'clock') driver.advanceWallClockTime(action.ms)
    else if (action.kind === 'commit') driver.commit()
    else driver.crash()
  }
  driver.commit()
  // Where nothing has failed, there is no such topic yet.
  driver.inputTopic(deadLetters)
  const records = driver.outputTopic(output).readRecords()
  const letters = driver.outputTopic(deadLetters).readRecords()
  return {
    lines: Array.from({ length: partitions }, (_, partition) =>
      records
        .filter(({ key }) => key.startsWith(`${partition} `))
        .map(({ key, value, timestamp }) => `${key.slice(2)}=${value}@${timestamp}`),
    ),
    letters: letters.map(({ key, timestamp }) => `${key}@${timestamp}`).toSorted(),
  }
}

function evaluated(script: Script): Outcome {
  const extras = growth(script)
  const outcomes = Array.from({ length: script.partitions }, (_, partition) => {
    const schedules = new Schedules(script, partition)
    for (const [number, action] of script.actions.entries()) schedules.act(action, extras[number] ?? [])
    return schedules.outcome
  })
  const letters = script.policy === 'skip' ? [] : outcomes.flatMap((outcome) => outcome.letters)
  return { lines: outcomes.map(({ lines }) => lines), letters: letters.toSorted() }
}

/** A new interval, due first when the old one was: it was not kept by a commit, and began again with the next instance. */
const sameDue: Script = {
  partitions: 1,
  plans: [{ operator: 0, type: 'wallClock', interval: 1, startMs: 0, cancelsAt: -1, failsAt: -1 }],
  late: { operator: 0, type: 'streamTime', interval: 1, startMs: undefined, cancelsAt: -1, failsAt: -1 },
  actions: [
    { kind: 'clock', ms: 19 },
    { kind: 'commit' },
    { kind: 'crash', changes: 0 },
    { kind: 'commit' },
    { kind: 'clock', ms: 1 },
    { kind: 'crash', changes: undefined },
  ],
  policy: 'skip',
}

// MODEL_RUNS and MODEL_SEED draw more scripts, and others.
const { MODEL_RUNS = 60, MODEL_SEED = 1 } = process.env

test('schedules come when the naive evaluator says', () => {
  const property = fc.property(scripts, (script) => {
    expect(played(script)).toEqual(evaluated(script))
  })
  fc.assert(property, { numRuns: Number(MODEL_RUNS), seed: Number(MODEL_SEED), examples: [[sameDue]] })
})
