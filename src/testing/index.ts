/**
 * The public names of `millrace/testing`.
 */
export { type TestDriverOptions, type TestInputTopic, type TestOutputTopic, TopologyTestDriver } from './test-driver.ts'
