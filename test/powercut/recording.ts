// Makes a journal: compiles the recorder, and runs the recorded program with it.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nodeArguments } from '../support/compiling.ts'
import type { RecordedWork } from './work.ts'

export const root: string = fileURLToPath(new URL('../..', import.meta.url))

/** Why nothing can be recorded here, or undefined where it can. */
export function missingForRecording(): string | undefined {
  if (process.platform !== 'linux')
    return `the recorder is loaded with LD_PRELOAD, which ${process.platform} does not have`
  if (spawnSync('cc', ['--version']).status === 0) return undefined
  return 'the recorder is compiled with cc, and there is none: install a C compiler (Debian: apt-get install gcc libc6-dev)'
}

/** Where a recorded program works, and says what it promises. */
type Places = Pick<RecordedWork, 'dir' | 'acknowledgements'>

/** Records the program in a directory, and returns the path of the journal. */
export function record(base: string, work: Pick<RecordedWork, 'plan' | 'acknowledgeEarly'>): string {
  return recordProgram(base, 'recorded', (places): RecordedWork => ({ ...work, ...places }))
}

/** Records test/powercut/programs/`name`.ts, which is told where it works, and returns the path of the journal. */
export function recordProgram(base: string, name: string, told: (places: Places) => object): string {
  const recorder = join(base, 'recorder.so')
  run('cc', ['-O1', '-shared', '-fPIC', '-o', recorder, join(root, 'test/powercut/recorder.c'), '-pthread'], {})
  const places = { dir: join(base, 'recorded'), acknowledgements: join(base, 'acknowledgements') }
  const journal = join(base, 'journal')
  run(process.execPath, [...nodeArguments(`test/powercut/programs/${name}.ts`), JSON.stringify(told(places))], {
    LD_PRELOAD: recorder,
    RECORDER_LOG: places.dir,
    RECORDER_ACKNOWLEDGEMENTS: places.acknowledgements,
    RECORDER_JOURNAL: journal,
  })
  return journal
}

function run(command: string, args: readonly string[], environment: NodeJS.ProcessEnv): void {
  const { status, signal, stderr } = spawnSync(command, args, { cwd: root, env: { ...process.env, ...environment } })
  if (status !== 0) throw new Error(`${command} ended with ${signal ?? status}\n${stderr.toString()}`)
}
