// The programs of a folder, compiled the first time that one is needed: they start in half the time of tsx.
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
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

let command: string | undefined

/** The `millrace` command, compiled as for the package the first time that it is needed. */
export function compiledCommand(): string {
  if (command !== undefined) return command
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const dir = mkdtempSync(join(tmpdir(), 'millrace-command-'))
  process.once('exit', () => rmSync(dir, { recursive: true, force: true }))
  const compiler = join(root, 'node_modules/typescript/bin/tsc')
  const args = [compiler, '-p', join(root, 'src'), '--outDir', join(dir, 'dist')]
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`the command does not compile\n${stdout}`)
  for (const folder of ['node_modules', 'template']) symlinkSync(join(root, folder), join(dir, folder))
  copyFileSync(join(root, 'package.json'), join(dir, 'package.json'))
  return (command = join(dir, 'dist/command/main.js'))
}
