// What tests start as programs is compiled once for a run of the tests, before the first of them, and goes with the run.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { compileInto, tellCompiled } from './compiling.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Where everything that is started as a program lies compiled. */
    compiledDirectory: string
  }
}

export default function compileForTests(project: TestProject): () => void {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-compiled-'))
  chmodSync(dir, 0o755) // some programs run as another user
  compileInto(dir)
  tellCompiled(dir)
  project.provide('compiledDirectory', dir)
  return () => rmSync(dir, { recursive: true, force: true })
}
