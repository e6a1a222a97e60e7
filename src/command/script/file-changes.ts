/**
 * Whether files have changed since a moment, told by their directories: editors put a new file in the place of the old
 * one, and a watch of the file itself would stay with the old.
 */
import { type FSWatcher, statSync, watch } from 'node:fs'
import { basename, dirname, join } from 'node:path'

export class FileChanges {
  /** Resolves with the path of the first file that changes. */
  readonly first: Promise<string>
  readonly #sinceMs: number
  readonly #known = new Map<string, string>()
  readonly #watchers = new Map<string, FSWatcher>()
  #changed: (path: string) => void = () => undefined

  /** @param sinceMs when those who read the files began to, in ms since the epoch */
  constructor(sinceMs: number) {
    this.#sinceMs = sinceMs
    this.first = new Promise((resolve) => {
      this.#changed = resolve
    })
  }

  /** Watches one more file; it need not be there. */
  add(path: string): void {
    if (this.#known.has(path)) return
    const found = statSync(path, { throwIfNoEntry: false })
    this.#known.set(path, stateOf(path))
    if (found !== undefined && found.mtimeMs > this.#sinceMs) this.#changed(path)
    const dir = dirname(path)
    if (this.#watchers.has(dir) || statSync(dir, { throwIfNoEntry: false }) === undefined) return
    const watcher = watch(dir, (_, name) => this.#check(name === null ? undefined : join(dir, basename(name))))
    watcher.on('error', () => this.#watchers.delete(dir)) // the directory has gone
    this.#watchers.set(dir, watcher)
  }

  close(): void {
    for (const watcher of this.#watchers.values()) watcher.close()
  }

  /** A directory tells of more than changes. */
  #check(path: string | undefined): void {
    for (const one of path === undefined ? this.#known.keys() : [path]) {
      const before = this.#known.get(one)
      if (before !== undefined && before !== stateOf(one)) this.#changed(one)
    }
  }
}

/** What differs once a file was written. */
function stateOf(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false })
  return found === undefined ? 'missing' : `${found.ino} ${found.size} ${found.mtimeMs}`
}
