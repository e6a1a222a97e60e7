// The order of the test files: first the suite whose files take longest, and of these the longest, so that at the end no worker
// waits long for the other. How long a file takes is not known on a fresh clone, and its size says little where a few lines start
// what takes minutes: these few are named.
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const suites = ['long', 'browser', 'slow', 'quick']

/** By time, each a minute or about that. */
const longest: readonly string[] = [
  'test/conformance/conformance.slow.test.ts',
  'test/crash/kill-loops.long.test.ts',
  'test/package/installed.test.ts',
  'test/dashboard/page.browser.test.ts',
  'test/powercut/powercut.long.test.ts',
  'test/faults/disk-errors.long.test.ts',
  'test/dashboard/states.browser.test.ts',
  'test/dashboard/replay.browser.test.ts',
  'test/runtime/determinism.long.test.ts',
  'test/examples/clicks-killed.long.test.ts',
]

export class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const ofSuite = ({ project }: TestSpecification): number => suites.indexOf(project.name)
    const ofFile = ({ moduleId }: TestSpecification): number => {
      const place = longest.findIndex((path) => moduleId.endsWith(`/${path}`))
      return place === -1 ? longest.length : place
    }
    return (await super.sort(files)).toSorted((a, b) => ofSuite(a) - ofSuite(b) || ofFile(a) - ofFile(b))
  }
}
