// The programs of a folder, compiled the first time that one is needed: they start in half the time of tsx.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compilePrograms } from '../crash/children.ts'

const compiled = new Map<string, string>()

/** Where `FOLDER/programs/NAME.ts` is to be run from. */
export function compiledProgram(folder: string, name: string): string {
  let programs = compiled.get(folder)
  if (programs === undefined) {
    const dir = mkdtempSync(join(tmpdir(), 'millrace-programs-'))
    process.once('exit', () => rmSync(dir, { recursive: true, force: true }))
    programs = compilePrograms(dir, folder)
    compiled.set(folder, programs)
  }
  return join(programs, `${name}.js`)
}
