// Runs the jobs of the benchmarks in the process of the test, which costs no start of a process; what is killed is its own.
import { jobs, type JobName, type OptionsOf, type ResultOf } from '../../bench/jobs.ts'
import { Processes } from '../../bench/processes.ts'

export class InProcessBench extends Processes {
  constructor() {
    super(() => undefined)
  }

  override async run<Name extends JobName>(name: Name, options: OptionsOf<Name>): Promise<ResultOf<Name>> {
    const job = jobs[name] as (options: OptionsOf<Name>) => Promise<ResultOf<Name>>
    // As it would arrive in another process, and come back.
    const result = JSON.stringify(await job(JSON.parse(JSON.stringify(options)) as OptionsOf<Name>))
    return (result === undefined ? undefined : JSON.parse(result)) as ResultOf<Name>
  }
}
