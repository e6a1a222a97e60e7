// Makes a journal: compiles the recorder, and runs the recorded program with it.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RecordedWork } from './work.ts'

export const root: string = fileURLToPath(new URL('../..', import.meta.url))

/** Why nothing can be recorded here, or undefined where it can. */
export function missingForRecording(): string | undefined {
  if (process.platform !== 'linux')
    return `the recorder is loaded with LD_PRELOAD, which ${process.platform} does not have`
  if (spawnSync('cc', ['--version']).status === 0) return undefined
  return 'the recorder is compiled with cc, and there is none: install a C compiler (Debian: apt-get install gcc libc6-dev)'
}

/** Records the program in a directory, and returns the path of the journal. */
export function record(base: string, work: Pick<RecordedWork, 'plan' | 'acknowledgeEarly'>): string {
  const recorder = join(base, 'recorder.so')
  run('cc', ['-O1', '-shared', '-fPIC', '-o', recorder, join(root, 'test/powercut/recorder.c'), '-pthread'], {})
  const dir = join(base, 'recorded')
  const acknowledgements = join(base, 'acknowledgements')
  const journal = join(base, 'journal')
  const program = join(root, 'test/powercut/programs/recorded.ts')
  const told: RecordedWork = { ...work, dir, acknowledgements }
  run(process.execPath, ['--import', 'tsx', program, JSON.stringify(told)], {
    LD_PRELOAD: recorder,
    RECORDER_LOG: dir,
    RECORDER_ACKNOWLEDGEMENTS: acknowledgements,
    RECORDER_JOURNAL: journal,
  })
  return journal
}

function run(command: string, args: readonly string[], environment: NodeJS.ProcessEnv): void {
  const { status, signal, stderr } = spawnSync(command, args, { cwd: root, env: { ...process.env, ...environment } })
  if (status !== 0) throw new Error(`${command} ended with ${signal ?? status}\n${stderr.toString()}`)
}
