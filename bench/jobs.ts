/**
 * Every job that a figure can run in a process of its own.
 */
import { browse } from './jobs/browsers.ts'
import * as clicks from './jobs/clicks.ts'
import { consumeRecords, produceLines, starts } from './jobs/command.ts'
import { chain } from './jobs/chain.ts'
import { memoryOfComparison, produceVisitsInOrder } from './jobs/comparing.ts'
import { askUnderLoad, countFed, countWatched, feed, sampleLog } from './jobs/dashboard.ts'
import { runFamily } from './jobs/families.ts'
import { readAsMember } from './jobs/group.ts'
import * as log from './jobs/log.ts'
import { bareCommit, latency } from './jobs/latency.ts'
import { deleteBeside } from './jobs/life.ts'
import { memoryOfBacklog, memoryOfState } from './jobs/memory.ts'
import { operate } from './jobs/operators.ts'
import { pageSize } from './jobs/page-size.ts'
import { profileCount } from './jobs/profile.ts'
import { die, recover } from './jobs/recovery.ts'
import { release } from './jobs/release.ts'
import { replayAlone, replayBeside, replayUntilTold } from './jobs/replay.ts'
import { produceSides } from './jobs/sides.ts'
import { countEvents, dieCounting, produceEvents, recoverCounting } from './jobs/state.ts'
import { compareVisits, copyVisits, replayVisits, switchVisits } from './jobs/versions.ts'
import { countVisits, produceVisits } from './jobs/visits.ts'
import { count } from './limit/count.ts'
import { countKeys } from './limit/count-keys.ts'
import { runFamilyByHand } from './limit/families.ts'
import { produce, produceByPage } from './limit/produce.ts'
import { read } from './limit/read.ts'
import { produceRecords } from './limit/records.ts'
import { produceSidesByHand } from './limit/sides.ts'
import { countEventsByHand, produceEventsByHand } from './limit/state.ts'

export const jobs = {
  'limit produce': produce,
  'limit produce by page': produceByPage,
  'limit read': read,
  'limit count': count,
  'limit count keys': countKeys,
  'limit produce records': produceRecords,
  'millrace produce': clicks.produce,
  'millrace produce by page': clicks.produceByPage,
  'millrace send': clicks.send,
  'millrace read': clicks.read,
  'millrace count': clicks.count,
  'millrace count keys': clicks.countKeys,
  'log produce records': log.produceRecords,
  'log read one by one': log.readOneByOne,
  'log read as member': readAsMember,
  'log echo': log.echo,
  'log round trip': log.roundTrip,
  'log make large': log.makeLargeLog,
  'log administer': log.administer,
  'bare commit': bareCommit,
  latency,
  'command produce': produceLines,
  'command consume': consumeRecords,
  'command starts': starts,
  'produce visits': produceVisits,
  'count visits': countVisits,
  die,
  recover,
  browse,
  feed,
  'ask under load': askUnderLoad,
  'count watched': countWatched,
  'count fed': countFed,
  'sample log': sampleLog,
  'delete beside': deleteBeside,
  'replay visits': replayVisits,
  'compare visits': compareVisits,
  'switch visits': switchVisits,
  'copy visits': copyVisits,
  'replay alone': replayAlone,
  'replay beside': replayBeside,
  'replay until told': replayUntilTold,
  'memory of backlog': memoryOfBacklog,
  'memory of state': memoryOfState,
  'memory of comparison': memoryOfComparison,
  'produce visits in order': produceVisitsInOrder,
  operate,
  release,
  'run family': runFamily,
  'limit run family': runFamilyByHand,
  chain,
  'profile count': profileCount,
  'page size': pageSize,
  'limit produce events': produceEventsByHand,
  'limit count events': countEventsByHand,
  'millrace produce events': produceEvents,
  'millrace count events': countEvents,
  'limit produce sides': produceSidesByHand,
  'millrace produce sides': produceSides,
  'die counting': dieCounting,
  'recover counting': recoverCounting,
}

export type Jobs = typeof jobs
export type JobName = keyof Jobs
export type OptionsOf<Name extends JobName> = Parameters<Jobs[Name]>[0]
export type ResultOf<Name extends JobName> = Awaited<ReturnType<Jobs[Name]>>
