// Where the programs that a test starts are to be run from.
import { join } from 'node:path'
import { inject } from 'vitest'

/** Where a file lies compiled, by its path from the root. */
export const compiled = (path: string): string => join(inject('compiledDirectory'), path.replace(/\.ts$/, '.js'))

/** Where `FOLDER/programs/NAME.ts` is to be run from. */
export const compiledProgram = (folder: string, name: string): string => compiled(`${folder}/programs/${name}.ts`)

/** The `millrace` command. */
export const compiledCommand = (): string => compiled('src/command/main.ts')
