/**
 * Which figure goes out under which name.
 */
import type { Counters } from '../../core/stored-progress.ts'
import type { PartitionLag } from '../../log/admin/lag.ts'
import type { TopicSize } from '../../log/admin/sizes.ts'
import { sum } from '../../inspect/counts.ts'
import type { LogStatistics } from '../../storage/statistics.ts'
import { type Limit, limitedKinds } from './limit.ts'
import type { GroupLook, Look, VersionLook } from './look.ts'
import { addFigures } from './series-of-figures.ts'
import { type Sample, Series } from './series.ts'

type Labels = Sample['labels']

export function seriesOf({ file, versions, groups, topics, limit }: Look): Series {
  const series = new Series()
  for (const version of versions) addVersion(series, version, limit)
  for (const group of groups) addGroup(series, group, limit)
  for (const topic of topics) addTopic(series, topic, limit)
  addFile(series, file)
  for (const kind of limitedKinds) series.add('millrace_scrape_left_out', { kind }, limit.leftOut(kind))
  return series
}

function addVersion(series: Series, look: VersionLook, limit: Limit): void {
  const of = { application: look.applicationId, version: look.version }
  for (const state of ['running', 'stopped', 'fenced'] as const) {
    series.add('millrace_application_state', { ...of, state }, Number(look.state === state))
  }
  const { startedMs, lastCommitMs, eventTime, standstill } = look
  series.add('millrace_application_live', of, Number(look.isLive))
  series.add('millrace_application_started_timestamp_seconds', of, seconds(startedMs))
  if (lastCommitMs !== null) {
    series.add('millrace_application_last_commit_timestamp_seconds', of, seconds(lastCommitMs))
  }
  for (const kind of ['hangs', 'waitsForCalls'] as const) {
    const forMs = standstill?.kind === kind ? standstill.forMs : 0
    series.add('millrace_application_standstill_seconds', { ...of, kind }, seconds(forMs))
  }
  if (eventTime >= 0) series.add('millrace_application_event_timestamp_seconds', of, seconds(eventTime))
  const [consumed, produced] = [Object.entries(look.consumed), Object.entries(look.produced)]
  for (const [topic, count] of consumed) series.add('millrace_consumed_records_total', { ...of, topic }, count)
  for (const [topic, count] of produced) series.add('millrace_produced_records_total', { ...of, topic }, count)
  addOperators(series, of, look, limit)
  addLags(series, 'application', of, look.positions, limit)
  addPositions(series, of, look, limit)
  // One that was killed has left its last figures: they are of no one.
  if (look.state === 'running' && look.figures !== null) addFigures(series, of, look.figures, limit)
  if (!limit.admits('stores', look.stores.length)) return
  for (const { name: store, rows, bytes } of look.stores) {
    series.add('millrace_store_rows', { ...of, store }, rows)
    series.add('millrace_store_bytes', { ...of, store }, bytes)
  }
}

/** In all and by topic: these are there however many partitions are left out. */
function addLags(
  series: Series,
  kind: 'application' | 'group',
  of: Labels,
  lags: readonly PartitionLag[],
  limit: Limit,
): void {
  const add = (scope: 'total' | 'topic', labels: Labels, { records, ageMs }: TotalLag): void => {
    series.add(`millrace_${kind}_${scope}_lag_records`, labels, records)
    series.add(`millrace_${kind}_${scope}_lag_seconds`, labels, seconds(ageMs))
  }
  add('total', of, totalOf(lags))
  const byTopic = new Map<string, PartitionLag[]>(lags.map(({ topic }) => [topic, []]))
  for (const lag of lags) byTopic.get(lag.topic)?.push(lag)
  if (!limit.admits(`${kind}_topics`, byTopic.size)) return
  for (const [topic, all] of byTopic) add('topic', { ...of, topic }, totalOf(all))
}

type TotalLag = Pick<PartitionLag, 'records' | 'ageMs'>

/** All records, and the age of the oldest. */
function totalOf(lags: readonly PartitionLag[]): TotalLag {
  const ageMs = lags.reduce((most, one) => Math.max(most, one.ageMs), 0)
  return { records: sum(lags, ({ records }) => records), ageMs }
}

function addOperators(series: Series, of: Labels, { dropped, failed }: VersionLook, limit: Limit): void {
  const [drops, failures] = [countsOf(dropped), countsOf(failed)]
  if (!limit.admits('operators', drops.length + failures.length)) return
  for (const [operator, reason, count] of drops) {
    series.add('millrace_dropped_records_total', { ...of, operator, reason }, count)
  }
  for (const [operator, code, count] of failures) {
    series.add('millrace_failed_records_total', { ...of, operator, code }, count)
  }
}

function countsOf(counters: Counters): readonly (readonly [operator: string, why: string, count: number])[] {
  return Object.entries(counters).flatMap(([operator, counts]) =>
    Object.entries(counts).map(([why, count]) => [operator, why, count] as const),
  )
}

function addPositions(series: Series, of: Labels, { positions, streamTimes }: VersionLook, limit: Limit): void {
  const times = Object.entries(streamTimes)
  if (!limit.admits('positions', positions.length + times.length)) return
  for (const at of positions) {
    const labels = { ...of, ...placeOf(at) }
    series.add('millrace_position_offset', labels, at.offset)
    series.add('millrace_lag_records', labels, at.records)
    series.add('millrace_lag_seconds', labels, seconds(at.ageMs))
  }
  for (const [place, time] of times) {
    const slash = place.lastIndexOf('/') // an operator may be called anything
    const labels = { ...of, operator: place.slice(0, slash), partition: place.slice(slash + 1) }
    series.add('millrace_stream_timestamp_seconds', labels, seconds(time))
  }
}

function addGroup(series: Series, { name: group, state: current, members, lags }: GroupLook, limit: Limit): void {
  series.add('millrace_group_members', { group }, members)
  for (const state of ['empty', 'stable', 'rebalancing'] as const) {
    series.add('millrace_group_state', { group, state }, Number(state === current))
  }
  addLags(series, 'group', { group }, lags, limit)
  if (!limit.admits('group_positions', lags.length)) return
  for (const at of lags) {
    const labels = { group, ...placeOf(at) }
    series.add('millrace_group_position_offset', labels, at.offset)
    series.add('millrace_group_lag_records', labels, at.records)
    series.add('millrace_group_lag_seconds', labels, seconds(at.ageMs))
  }
}

function placeOf({ topic, partition }: PartitionLag): { readonly topic: string; readonly partition: string } {
  return { topic, partition: String(partition) }
}

function addTopic(series: Series, { topic, records, bytes, partitions }: TopicSize, limit: Limit): void {
  series.add('millrace_topic_records', { topic }, records)
  series.add('millrace_topic_bytes', { topic }, bytes)
  const appendedMs = partitions.reduce((last, { lastAppendMs }) => Math.max(last, lastAppendMs ?? -1), -1)
  if (appendedMs >= 0) series.add('millrace_topic_last_append_timestamp_seconds', { topic }, seconds(appendedMs))
  if (!limit.admits('topic_partitions', partitions.length)) return
  for (const { partition, startOffset, endOffset } of partitions) {
    const labels = { topic, partition: String(partition) }
    series.add('millrace_topic_start_offset', labels, startOffset)
    series.add('millrace_topic_end_offset', labels, endOffset)
  }
}

function addFile(series: Series, { fileBytes, usedBytes, freeBytes, lastTransaction, readers }: LogStatistics): void {
  series.add('millrace_log_file_bytes', {}, fileBytes)
  series.add('millrace_log_used_bytes', {}, usedBytes)
  series.add('millrace_log_free_bytes', {}, freeBytes)
  series.add('millrace_log_commits_total', {}, lastTransaction)
  series.add('millrace_log_processes', {}, new Set(readers.map(({ pid }) => pid)).size)
}

function seconds(ms: number): number {
  return ms / 1_000
}
