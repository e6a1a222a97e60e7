// The programs of this folder, compiled the first time that one is needed: they start in a fraction of the time of tsx.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compilePrograms } from '../crash/children.ts'

let compiled: string | undefined

/** Where `programs/NAME.ts` is to be run from. */
export function programPath(name: string): string {
  if (compiled === undefined) {
    const dir = mkdtempSync(join(tmpdir(), 'millrace-programs-'))
    process.once('exit', () => rmSync(dir, { recursive: true, force: true }))
    compiled = compilePrograms(dir, 'test/faults')
  }
  return join(compiled, `${name}.js`)
}
