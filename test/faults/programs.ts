// The programs of this folder.
import { compiledProgram } from '../support/compiled.ts'

/** Where `programs/NAME.ts` is to be run from. */
export const programPath = (name: string): string => compiledProgram('test/faults', name)
