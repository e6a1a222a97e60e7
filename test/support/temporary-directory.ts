// A directory that removes itself: tests write to the disk, because durability is what they are about.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A new empty directory, removed when the running test is over. */
export function temporaryDirectory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-test-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}
