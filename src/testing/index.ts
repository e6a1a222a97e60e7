/**
 * The public names of `millrace/testing`.
 */
export type { TestKeyValueStore, TestSessionStore, TestWindowStore } from './test-stores.ts'
export type { PipedTimes, TestInputTopic, TestOutputTopic } from './test-topics.ts'
export { type TestDriverOptions, TopologyTestDriver } from './test-driver.ts'
export { twice } from './twice.ts'
export { formatTwice } from './twice-report.ts'
export type {
  OperatorDifference,
  OutputDifference,
  PartitionOffset,
  RecordPair,
  SeenRecord,
  TwiceCause,
  TwiceHint,
  TwiceOptions,
  TwiceReport,
} from './twice-face.ts'
