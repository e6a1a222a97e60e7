/**
 * The public names of `millrace/testing`.
 */
export type { TestKeyValueStore, TestSessionStore, TestWindowStore } from './test-stores.ts'
export { type TestDriverOptions, type TestInputTopic, type TestOutputTopic, TopologyTestDriver } from './test-driver.ts'
