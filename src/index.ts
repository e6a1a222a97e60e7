/**
 * Every public name of millrace, by hand: the log, the streams, the runtime.
 */

// Values with meaning: topics, stores, serdes, windows, time, errors.
export { type Topic, type TopicFor, topic } from './core/topic.ts'
export {
  type KeyValueStore,
  keyValueStore,
  type SessionStore,
  sessionStore,
  type VersionedStore,
  versionedStore,
  type WindowStore,
  windowStore,
} from './core/store-constants.ts'
export type { Resync, StoreChange, StoreChanges, WatchOptions } from './core/store-changes.ts'
export type { KeyBounds, KeyPrefix, StoreRow, TimeBounds, WindowBounds } from './core/store-row.ts'
export type {
  AsOf,
  ReadOnlyKeyValueStore,
  ReadOnlySessionStore,
  ReadOnlyVersionedStore,
  ReadOnlyWindowStore,
} from './core/read-only-stores.ts'
export type { CleanupPolicy, TimestampType, TopicCompression, TopicConfig } from './core/topic-config.ts'
export type { Serde } from './core/serde.ts'
export { bigint64, boolean, bytes, float64, int64, json, msgpack, nullable, string, tuple } from './core/serdes.ts'
export type {
  CacheFigures,
  CallFigures,
  DurationBucket,
  DurationFigures,
  InstanceFigures,
  OperatorFigures,
  RateFigures,
} from './core/figures.ts'
export type { ValueVersions } from './core/migrating-codec.ts'
export type { StandardSchema } from './core/schema.ts'
export { JoinWindows } from './core/windows/join-windows.ts'
export { type CalendarUnit, CalendarWindows, type Weekday } from './core/windows/calendar-windows.ts'
export { SessionWindows } from './core/windows/session-windows.ts'
export { SlidingWindows } from './core/windows/sliding-windows.ts'
export { TimeWindows } from './core/windows/time-windows.ts'
export { UnlimitedWindows } from './core/windows/unlimited-windows.ts'
export type { Window, Windowed } from './core/windows/window.ts'
export { sessionWindowed, windowed } from './core/windows/windowed.ts'
export type { LogRecord, RecordInput, StreamRecord } from './core/record.ts'
export type { Header, HeaderInput } from './core/headers.ts'
export type { Offset, Timestamp } from './core/units.ts'
export { days, hours, minutes, seconds } from './core/duration.ts'
export { type Clock, ManualClock, systemClock } from './core/clock.ts'
export { type ErrorCode, MillraceError } from './core/errors.ts'
export type { WorkProgress } from './core/work-progress.ts'
export {
  type ApplicationEvent,
  type CloseEvent,
  type CommitEvent,
  type DiagnosticEvents,
  type DiagnosticName,
  diagnostics,
  type Diagnostics,
  type DropEvent,
  type FailEvent,
  type RetryEvent,
  type SlowCommitEvent,
  type StartEvent,
  type TakeoverEvent,
  type WaitingForMembersEvent,
} from './core/diagnostics.ts'

// The log.
export type { TopicPartition } from './log/format/partition-id.ts'
export type { Admin, ListTopicsOptions } from './log/admin/face.ts'
export type { ApplicationAdmin } from './log/admin/applications-face.ts'
export type {
  PositionMove,
  SwitchBackOptions,
  SwitchOptions,
  SwitchOutputs,
  SwitchPlan,
  SwitchReset,
  TopicCorrection,
} from './log/admin/switch-face.ts'
export type { ApplicationSwitch } from './log/kept/application-switch.ts'
export type { DeleteVersionOptions, VersionDeletion } from './log/admin/version-deletion.ts'
export type { DropOperatorsOptions, OperatorsDrop } from './log/admin/operator-drop.ts'
export type { ApplicationDeletion, DeleteApplicationOptions } from './log/admin/application-deletion.ts'
export type {
  ApplicationPosition,
  ApplicationReset,
  ApplicationResetTarget,
  ResetApplicationOptions,
} from './log/admin/application-reset.ts'
export type { ApplicationOutput } from './log/admin/application-outputs.ts'
export type {
  ApplicationDescription,
  DescribeApplicationOptions,
  StoreDescription,
} from './log/admin/application-description.ts'
export type {
  ApplicationCondition,
  ApplicationInstance,
  ApplicationListing,
  ApplicationVersion,
} from './log/admin/application-listing.ts'
export type { Standstill } from './log/admin/standstill.ts'
export type { AssignorName } from './log/group/assignors.ts'
export { isFrom } from './log/consumer/consumer.ts'
export type {
  BatchOf,
  Consumer,
  PositionInput,
  ReadFrom,
  ReadOptions,
  RecordBatch,
  RecordOf,
  TopicReader,
} from './log/consumer/face.ts'
export type { ConsumerLag, ConsumerMetrics } from './log/consumer/consumer-metrics.ts'
export type { ConsumerControl, ConsumerOptions, RebalanceHook } from './log/consumer/consumer-options.ts'
export type {
  AwaitedPartition,
  GroupDescription,
  GroupListing,
  GroupMember,
  GroupState,
} from './log/admin/group-admin.ts'
export { type BackupOptions, type BackupResult, type RestoreOptions, restoreLog } from './log/admin/backup.ts'
export type { ProblemKind, VerifyProblem, VerifyReport } from './log/verify/findings.ts'
export type { PartitionLag } from './log/admin/lag.ts'
export type { DeadLettersOptions } from './log/admin/dead-letters.ts'
export type {
  DeadLetter,
  DeadLetters,
  Decoded,
  EditedLetter,
  LetterChange,
  LetterFilter,
  LetterPlace,
  LetterQuery,
  LetterSource,
  RedrivenLetter,
  RedriveOptions,
  RedriveOutcome,
  RedriveReport,
  ShownLetter,
} from './log/admin/letters-face.ts'
export type { OffsetAndTimestamp } from './log/admin/offset-queries.ts'
export type { OffsetReset, ResetOptions, ResetTarget } from './log/admin/reset-offsets.ts'
export type { PartitionSize, TopicSize } from './log/admin/sizes.ts'
export type { TopicName } from './log/kept/topic-name.ts'
export type { VerifyOptions } from './log/verify/verify.ts'
export type { LogReader, LogStatistics } from './storage/statistics.ts'
export type { Log } from './log/face.ts'
export { type LogOptions, openLog } from './log/log.ts'
export type { MaintenanceOptions } from './log/cleaning/maintenance.ts'
export type { Compression } from './log/format/compression.ts'
export type { Acks, Answer, KnownOffset, SendManyResult, SendResult, WrittenRange } from './log/producer/delivery.ts'
export type { OffsetSource } from './log/producer/offset-source.ts'
export type { Producer, Transaction } from './log/producer/face.ts'
export type { ProducerMetrics } from './log/producer/producer-metrics.ts'
export type { ProducerOptions } from './log/producer/producer-options.ts'
export type { Partitioner } from './log/producer/route.ts'
export type { RecordDeletion } from './log/admin/record-deletion.ts'
export type { TopicConfigChange } from './log/kept/topic-changes.ts'
export type { TopicDescription, TopicDetails, TopicRequest } from './log/kept/topics.ts'
export type { CommittedPosition } from './log/kept/position-row.ts'
export type { ResetPolicy, SeekTarget } from './log/consumer/start-offset.ts'
export type { ReadableTopic, TopicSource } from './log/consumer/subscription.ts'

// Streams.
export {
  StreamsBuilder,
  type PatternOptions,
  type StreamOptions,
  type TableOptions,
} from './streams/streams-builder.ts'
export type { Aggregator, Merger, Predicate, RecordOutput, Reducer } from './streams/dsl/functions.ts'
export type {
  CogroupedKStream,
  SessionWindowedCogroupedKStream,
  TimeWindowedCogroupedKStream,
} from './streams/dsl/cogrouped.ts'
export type { KGroupedStream } from './streams/dsl/grouped.ts'
export type { KGroupedTable } from './streams/dsl/grouped-table.ts'
export type { KnownSerdes } from './streams/dsl/known.ts'
export type { MapAsyncOptions } from './streams/dsl/map-async.ts'
export type { SessionWindowedKStream } from './streams/dsl/sessions.ts'
export type {
  ProcessorKeyValueStore,
  ProcessorSessionStore,
  ProcessorVersionedStore,
  ProcessorWindowStore,
  VersionAsOf,
} from './streams/dsl/processor-stores.ts'
export type {
  Done,
  Processor,
  ProcessorContext,
  ProcessOptions,
  RecordMetadata,
  RecordProcessor,
  Schedule,
  ScheduleOptions,
  StoreConstant,
  ValueOutput,
  ValueProcessor,
  ValueProcessorContext,
} from './streams/dsl/processor.ts'
export type { KStream } from './streams/dsl/stream.ts'
export type { GlobalKTable } from './streams/dsl/global-table.ts'
export type { KTable } from './streams/dsl/table.ts'
export type { RecordPlace, StorePosition, StoreSnapshot, StoreSnapshots } from './core/store-position.ts'
export type { RowTransformer, TransformerContext, ValueTransformer } from './streams/dsl/transform-values.ts'
export type { EmitStrategy, TimeWindowedKStream } from './streams/dsl/windows.ts'
export type { AsyncCall } from './plan/async-calls.ts'
export { type ByHand, type SourceOptions, Topology } from './streams/topology.ts'
export type { DescriptionFormat } from './plan/topology.ts'
export type { NodeDescription, SubTopologyDescription, TopologyDescription } from './core/topology-description.ts'

// The runtime.
export type { Application, ApplicationState, StreamsOptions } from './runtime/face.ts'
export { startStreams } from './runtime/start-streams.ts'

// Versions beside the live one.
export type {
  EffectPlace,
  Effects,
  OffsetsByTopic,
  OtherOutputs,
  Replay,
  ReplayFrom,
  ReplayOptions,
  ReplayProgress,
  ReplayTo,
} from './replay/face.ts'
export { replay } from './replay/replay.ts'
export type { Failure, FailureAnswer, OnError } from './runtime/failures.ts'
export type { Metrics, PartitionFigures, StoreFigures } from './runtime/metrics.ts'
export type { ScriptConfig, ScriptContext } from './runtime/script-face.ts'
export { formatComparison } from './replay/format-comparison.ts'
export type {
  ComparedPart,
  ComparedValue,
  CompareOptions,
  ComparisonProgress,
  ComparisonReport,
  ComparisonSample,
} from './replay/comparison-face.ts'
