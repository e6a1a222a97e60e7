/**
 * twice: two runs of one topology over the same records, which must give the same.
 *
 * Both go side by side in this process, so that what one has made waits only until the other has made it too: memory is
 * bounded, and at the first difference both records are at hand. They differ on purpose in all that must not matter:
 * clock, commits, memory, and restarts.
 */
import { checkBoolean, checkOptions } from '../core/checks.ts'
import { checkClock, systemClock, yieldToEventLoop } from '../core/clock.ts'
import { hours, minutes } from '../core/duration.ts'
import { MillraceError } from '../core/errors.ts'
import { shown } from '../core/shown.ts'
import { applicationLogOf } from '../log/contract.ts'
import { matchTopics, refuseNoMatch } from '../plan/matching.ts'
import type { PlanNode } from '../plan/node.ts'
import { checkTopology, type Topology } from '../plan/topology.ts'
import { failurePolicy } from '../runtime/failures.ts'
import type { Side } from './lockstep.ts'
import type { TwiceOptions, TwiceReport } from './twice-face.ts'
import { checkFrom, checkTo, inputOf } from './twice-input.ts'
import { reportOf } from './twice-report.ts'
import { type RunManner, ShiftedClock, TwiceRun } from './twice-run.ts'
import { TwiceSeen } from './twice-seen.ts'
import { hasEffects, tapped } from './twice-taps.ts'

/** How much one run may do, in records and emissions, before the other has done as much. */
const stride = 512

/**
 * Runs a topology two times over the same records of a log, and finds the first output record that differs, the
 * operator it came from, and what usually does it: the wall clock, a random number, the order of a Set or of the keys
 * of an object, an answer from outside, or memory that a restart loses.
 *
 * Run it before you replay a topology or compare its versions: both need one whose output follows from its input. The
 * runs differ in what must not matter: the second one's clock is an hour ahead and goes faster, it commits more often,
 * has little memory for rows, and is restarted on its way. Each has state of its own that is thrown away; the log is
 * only read. At the first output record that differs both end.
 *
 * @example
 * ```ts
 * const report = await twice(topology, { log, from: { ago: days(1) } })
 * if (!report.same) console.log(formatTwice(report))
 * ```
 * @throws MillraceError `effects_undecided`, `topic_unknown`, `topology_invalid`, `bad_option`; what stops an
 *   application stops `twice`
 */
export async function twice(script: Topology, given: TwiceOptions): Promise<TwiceReport> {
  const names = ['log', 'from', 'to', 'onError', 'effects', 'restarts', 'clock']
  const {
    log,
    from,
    to,
    onError = 'fail',
    effects,
    restarts = true,
    clock = systemClock,
  } = checkOptions('twice', given, names)
  const planned = checkTopology('twice', script)
  checkClock('clock', clock)
  checkBoolean('restarts', restarts)
  const policy = failurePolicy(onError)
  const [begin, end] = [checkFrom(from), checkTo(to)]
  checkEffects(planned, effects)
  const source = applicationLogOf(log)
  const topology = matchTopics(planned, () => source.topicNames())
  refuseNoMatch(topology)
  const input = inputOf(source, topology, begin, end)

  const seen = new TwiceSeen()
  const asking = new Set<PlanNode>()
  const runs: TwiceRun[] = []
  const recordsOf = (side: Side): number => runs[side]?.records ?? 0
  const runOf = (side: Side, manner: RunManner): TwiceRun => {
    const listener = {
      emitted: seen.emitted.bind(seen, side),
      asksClock: (node: PlanNode) => void asking.add(node),
      get records() {
        return recordsOf(side)
      },
    }
    return new TwiceRun(tapped(topology, effects, listener), input, policy, manner, seen.wrote.bind(seen, side))
  }
  try {
    runs.push(runOf(0, { ...first, clock: new ShiftedClock(clock, 0) }))
    runs.push(runOf(1, { ...second, restarts, clock: new ShiftedClock(clock, hours(1)) }))
    await runBoth(runs, seen)
  } finally {
    for (const run of runs) run.close()
  }
  const records = Math.min(...runs.map((run) => run.records))
  const restarted = runs[1]?.restartCount ?? 0
  return reportOf({ topology, seen, asking, records, restarts: restarted, nowMs: clock.now() })
}

const first = { commitRecords: 2_000, stateCacheBytes: 64 * 1_048_576, stepMs: 0, restarts: false }
const second = { commitRecords: 97, stateCacheBytes: 65_536, stepMs: minutes(1) }

/** Always the one that has done less, until both have ended or an output differs. */
async function runBoth(runs: readonly TwiceRun[], seen: TwiceSeen): Promise<void> {
  const doneBy = (side: Side): number => (runs[side]?.records ?? 0) + seen.counts[side]
  for (;;) {
    const open = ([0, 1] as const).filter((side) => runs[side]?.hasEnded === false)
    const [next] = open.toSorted((a, b) => doneBy(a) - doneBy(b))
    if (next === undefined || seen.output !== undefined) break
    const other: Side = next === 0 ? 1 : 0
    const until = Math.max(doneBy(next), doneBy(other)) + stride
    await runs[next]?.work(() => doneBy(next) > until || seen.output !== undefined)
    seen.passed(next, runs[next]?.records ?? 0)
    await yieldToEventLoop()
  }
  if (seen.output === undefined) seen.end()
}

/** @throws MillraceError `effects_undecided`, `bad_option` */
function checkEffects({ nodes }: Topology, effects: TwiceOptions['effects']): void {
  if (effects !== undefined && effects !== 'run' && effects !== 'skip' && typeof effects !== 'function') {
    throw new MillraceError('bad_option', `effects is ${shown(effects)}; expected "run", "skip" or a function`)
  }
  const outside = nodes.find(hasEffects)
  if (outside === undefined || effects !== undefined) return
  throw new MillraceError(
    'effects_undecided',
    `"${outside.id}" acts on the outside, and both runs would do it again: say effects: 'run', 'skip', ` +
      'or a function that answers in place of a call',
    { operator: outside.id },
  )
}
