// Plays a case through the test driver in one of several modes, and says what differs. What a case expects must all be
// asked for: an expectation that nothing was compared with is a failure.
import { type Header, type LogRecord, MillraceError, topic, type VersionedStore, type Windowed } from 'millrace'
import { type TestDriverOptions, type TestInputTopic, type TestOutputTopic, TopologyTestDriver } from 'millrace/testing'
import { type BuiltCase, buildCase } from './build.ts'
import type { Case, CaseHeader, CaseKey, CaseRecord, CaseStep, CaseStoreRow, StoreType } from './case.ts'
import { Comparison, compareRows, type Difference } from './compare.ts'
import { type AnyTopic, type CaseStoreConstant, nullableSerde } from './data.ts'
import { forgetful } from './processors.ts'
import { CaseError, caseErrorIn, json } from './fields.ts'
import type { Key, Value } from './vocabulary.ts'

/** When the driver commits and crashes, and what of its memory is lost in between. The answers must be the same. */
export interface Mode {
  readonly name: string
  readonly options: TestDriverOptions
  readonly crash?: 'behind each step' | 'before the commit'
}

export const modes: readonly Mode[] = [
  { name: 'a commit for each step', options: {} },
  { name: 'rows to storage and back', options: { stateCacheBytes: 0 } },
  { name: 'a crash behind each step', options: {}, crash: 'behind each step' },
  { name: 'one commit at the end', options: { commit: 'manual' } },
  { name: 'one commit, after a crash', options: { commit: 'manual' }, crash: 'before the commit' },
]

/** What a case expects, and what of it was asked for. */
class Expectations {
  readonly #steps: readonly Map<string, readonly CaseRecord[]>[]
  readonly #stores: Map<string, readonly CaseStoreRow[]>

  constructor({ steps, stores }: Case) {
    this.#steps = steps.map(({ expect }) => new Map(expect))
    this.#stores = new Map([...stores].map(([name, { rows }]) => [name, rows]))
  }

  records(step: number, topic: string): readonly CaseRecord[] {
    const expected = this.#steps[step]?.get(topic) ?? []
    this.#steps[step]?.delete(topic)
    return expected
  }

  rows(store: string): readonly CaseStoreRow[] {
    const expected = this.#stores.get(store) ?? []
    this.#stores.delete(store)
    return expected
  }

  /** What was not asked for. */
  rest(): string[] {
    return [
      ...this.#steps.flatMap((topics, step) =>
        [...topics.keys()].map(
          (topic) => `step ${step}: expects records in topic "${topic}", which no operator writes`,
        ),
      ),
      ...[...this.#stores.keys()].map((store) => `final store "${store}": no operator has it`),
    ]
  }
}

const text = ({ what, expected, got }: Difference, where = ''): string =>
  `${where}${what}\n    expected ${expected}\n    got      ${got}`

/** A case on its way through one mode. */
class Play {
  readonly failures: string[] = []
  readonly #case: Case
  readonly #built: BuiltCase
  readonly #mode: Mode
  readonly #driver: TopologyTestDriver
  readonly #comparison: Comparison
  readonly #expectations: Expectations
  readonly #written: readonly (readonly [name: string, topic: AnyTopic])[]
  readonly #outputs = new Map<AnyTopic, TestOutputTopic<unknown, unknown>>()

  constructor(one: Case, built: BuiltCase, mode: Mode, driver: TopologyTestDriver) {
    this.#case = one
    this.#built = built
    this.#mode = mode
    this.#driver = driver
    this.#comparison = new Comparison(one)
    this.#expectations = new Expectations(one)
    this.#written = [...built.topics.written, ...deadLettersOf(one)]
  }

  run(): void {
    const { steps } = this.#case
    const committed = this.#mode.options.commit !== 'manual'
    // Topics that match a pattern are there before the first record, so that none of them begins the application anew.
    for (const { pipe } of steps) if (pipe !== undefined) this.#input(pipe.topic)
    for (const [index, step] of steps.entries()) {
      // What fails stops the application, so what came before is committed now.
      if (step.throws && !committed) this.#driver.commit()
      if (!this.#step(step, `step ${index}: ${json(step.pipe ?? { advanceWallMs: step.advanceWallMs })}`)) return
      if (committed) this.#compareStep(index, step)
      if (this.#mode.crash === 'behind each step' && !step.throws) this.#driver.crash()
    }
    if (!committed) this.#compareAll()
    if (!this.#hasStopped) this.#compareStores()
    this.failures.push(...this.#expectations.rest())
  }

  /** Whether the last step has stopped the application, as it had to. */
  get #hasStopped(): boolean {
    return this.#case.steps.at(-1)?.throws === true
  }

  /** False when the rest cannot be played. */
  #step(step: CaseStep, where: string): boolean {
    try {
      this.#act(step)
    } catch (error) {
      if (step.throws && error instanceof MillraceError && caseErrorIn(error) === undefined) return true
      this.failures.push(
        `${where}\n    expected ${step.throws ? 'a failed record' : 'no error'}\n    got      ${String(error)}`,
      )
      return false
    }
    if (!step.throws) return true
    this.failures.push(`${where}\n    expected a failed record\n    got      no error`)
    return false
  }

  #act({ pipe, advanceWallMs }: CaseStep): void {
    if (pipe === undefined) return this.#driver.advanceWallClockTime(advanceWallMs ?? 0)
    const { key, value, ts, headers = [] } = pipe
    this.#input(pipe.topic).pipeInput({
      key,
      value,
      timestamp: ts,
      headers: headers.map(([name, content]) => ({ key: name, value: content })),
    })
  }

  #input(name: string): TestInputTopic<unknown, unknown> {
    return this.#driver.inputTopic(this.#built.topics.input(name).topic)
  }

  #compareStep(index: number, step: CaseStep): void {
    const where = `step ${index}: ${json(step.pipe ?? { advanceWallMs: step.advanceWallMs })}: `
    for (const [topic, written] of this.#written) {
      const expected = this.#expectations.records(index, topic)
      const difference = this.#comparison.step(topic, expected, this.#read(written))
      if (difference !== undefined) this.failures.push(text(difference, where))
    }
  }

  #compareAll(): void {
    if (this.#mode.crash === 'before the commit') this.#driver.crash()
    const got = new Map<string, CaseRecord[]>(this.#written.map(([topic]) => [topic, []]))
    let found: number
    do {
      // What a commit writes to a topic that the topology reads is worked off after it.
      if (!this.#hasStopped) {
        this.#driver.commit()
        this.#driver.advanceWallClockTime(0)
      }
      found = 0
      for (const [topic, written] of this.#written) {
        const records = this.#read(written)
        got.get(topic)?.push(...records)
        found += records.length
      }
    } while (found > 0)
    for (const [topic, records] of got) {
      const steps = this.#case.steps.map((_, index) => this.#expectations.records(index, topic))
      const difference = this.#comparison.all(topic, steps, records)
      if (difference !== undefined) this.failures.push(text(difference))
    }
  }

  /** What came since the last call; a topic of dead letters is not there before the first one. */
  #read(written: AnyTopic): CaseRecord[] {
    try {
      const output = this.#outputs.get(written) ?? this.#driver.outputTopic(written)
      this.#outputs.set(written, output)
      return output.readRecords().map(caseRecord)
    } catch (error) {
      if (error instanceof MillraceError && error.code === 'topic_unknown') return []
      throw error
    }
  }

  #compareStores(): void {
    for (const [name, { type }] of this.#case.stores) {
      const constant = this.#built.stores.get(name)
      if (constant === undefined) continue
      const wanted = typeOf(constant, this.#built.ofProcessors.has(name))
      if (type !== wanted) throw new CaseError(`store "${name}" is declared as ${type}, but is a ${wanted} one`)
      if (constant.kind === 'versionedStore') {
        this.#compareVersions(name, constant)
        continue
      }
      const rows: CaseStoreRow[] = []
      // The overloads tell the two apart, a union does not.
      const store = this.#driver.store(constant as Extract<typeof constant, { kind: 'keyValueStore' }>)
      for (const { key, value, timestamp, headers = [] } of store.range()) {
        rows.push({
          key: caseKey(key as Key),
          value: value as Value,
          ...(type === 'keyValue' || type === 'session' ? {} : { ts: timestamp }),
          ...(type === 'record' ? { headers: headers.map(caseHeader) } : {}),
        })
      }
      if (type === 'window' || type === 'session') rows.sort(byKeyAndWindow)
      const difference = compareRows(name, this.#expectations.rows(name), rows)
      if (difference !== undefined) this.failures.push(text(difference))
    }
  }

  /** What each row that is expected says now. */
  #compareVersions(name: string, constant: VersionedStore<unknown, unknown>): void {
    const store = this.#driver.store(constant)
    const expected = this.#expectations.rows(name)
    const rows = expected.map(({ key, asOf = null }): CaseStoreRow => {
      const row = store.row(key, asOf === null ? {} : { asOf })
      return { key, asOf, ...(row === undefined ? { value: null } : { value: row.value as Value, ts: row.timestamp }) }
    })
    const difference = compareRows(name, expected, rows)
    if (difference !== undefined) this.failures.push(text(difference))
  }
}

/** The dead letters of the driver's application; a case calls their topic `dead`. */
function deadLettersOf({ onError, topics }: Case): readonly (readonly [name: string, topic: AnyTopic])[] {
  const dead = topics.get('dead')
  if (onError !== 'deadLetter' || dead === undefined) return []
  const { key, value } = dead
  if (key === 'windowed<string>' || value === 'windowed<string>') throw new CaseError('topic "dead" has windowed keys')
  const letters = topic('test-driver.dead-letters', { key: nullableSerde(key), value: nullableSerde(value) })
  return [['dead', letters]]
}

/** Those that millrace adds to a dead letter say why and where; they are no part of the record. */
const isOwn = (name: string): boolean => name.startsWith('millrace.')

/** By key, start and end. */
function byKeyAndWindow({ key: left }: CaseStoreRow, { key: right }: CaseStoreRow): number {
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return 0
  return (
    compareText(left.key, right.key) || left.start - right.start || (left.end ?? Infinity) - (right.end ?? Infinity)
  )
}

/** By UTF-8 bytes; the text of a case is ASCII. */
const compareText = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0)

function caseKey(key: Key): CaseKey {
  if (typeof key !== 'object' || key === null) return key
  const { window } = key satisfies Windowed<string>
  return { key: key.key, start: window.start, end: window.end === Number.MAX_SAFE_INTEGER ? null : window.end }
}

function caseRecord({ key, value, timestamp, headers }: LogRecord<unknown, unknown>): CaseRecord {
  return {
    key: caseKey(key as Key),
    value: value as Value,
    ts: timestamp,
    headers: headers.filter((header) => !isOwn(header.key)).map(caseHeader),
  }
}

const caseHeader = ({ key, value }: Header): CaseHeader => [key, value === null ? null : Buffer.from(value).toString()]

/** What a case calls a store of this kind. */
function typeOf(constant: CaseStoreConstant, isOfProcessors: boolean): StoreType {
  if (constant.kind === 'windowStore') return 'window'
  if (constant.kind === 'sessionStore') return 'session'
  if (constant.kind === 'versionedStore') return 'versioned'
  if (!isOfProcessors) return 'timestamped'
  return constant.headers === true ? 'record' : 'keyValue'
}

/**
 * Builds the topology. Where two of its operators would share an id, millrace asks for names; then every operator gets
 * the id of its node.
 */
function build(one: Case): BuiltCase {
  try {
    return buildCase(one, false)
  } catch (error) {
    const asksForName =
      error instanceof MillraceError &&
      error.code === 'topology_invalid' &&
      error.operator !== undefined &&
      error.store === undefined
    if (!asksForName) throw error
    return buildCase(one, true)
  }
}

/**
 * After a crash the input is read anew, in the order of time. That order is the one of the steps only in some cases.
 */
function readsInOrderOfSteps({ steps }: Case): boolean {
  const heads = new Map<string, number[]>()
  for (const { pipe } of steps) {
    if (pipe === undefined) return false
    const queue = heads.get(pipe.topic)
    if (queue === undefined) heads.set(pipe.topic, [pipe.ts])
    else queue.push(pipe.ts)
  }
  return steps.every(({ pipe }) => {
    const [next] = [...heads]
      .filter(([, queue]) => queue.length > 0)
      .toSorted(([left, [leftTs = 0]], [right, [rightTs = 0]]) => leftTs - rightTs || compareText(left, right))
    next?.[1].shift()
    return next?.[0] === pipe?.topic
  })
}

/** The modes that a case can be played in. */
export function modesOf(one: Case): readonly Mode[] {
  const [first] = modes
  if (one.buildError && first !== undefined) return [first]
  const forgets = one.nodes.some(({ fn = '' }) => forgetful.includes(fn.split('(')[0] as string))
  return modes.filter(({ crash }) => {
    if (crash !== undefined && forgets) return false
    return crash !== 'before the commit' || (readsInOrderOfSteps(one) && !one.steps.some((step) => step.throws))
  })
}

/** What is wrong with millrace's answers to a case, in a mode; nothing when all is well. */
export function play(one: Case, mode: Mode): readonly string[] {
  try {
    if (one.buildError) return refusal(one, mode)
    const built = build(one)
    const { onError = 'fail' } = one
    using driver = new TopologyTestDriver(built.topology, { ...mode.options, onError })
    const played = new Play(one, built, mode, driver)
    played.run()
    return played.failures
  } catch (error) {
    return [String(caseErrorIn(error) ?? error)]
  }
}

/** A topology that must be refused, when it is built or at the latest when it is started. */
function refusal(one: Case, mode: Mode): readonly string[] {
  try {
    const { topology } = build(one)
    new TopologyTestDriver(topology, mode.options).close()
  } catch (error) {
    if (error instanceof MillraceError && caseErrorIn(error) === undefined) return []
    throw error
  }
  return ['the topology\n    expected to be refused\n    got      no error']
}
