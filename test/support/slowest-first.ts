// The order of the test files: first the suite whose files take longest, so that at the end no worker waits long for the other.
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const suites = ['long', 'browser', 'slow', 'quick']

export class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ project }: TestSpecification): number => suites.indexOf(project.name)
    return (await super.sort(files)).toSorted((a, b) => place(a) - place(b))
  }
}
