/**
 * What the process may still take from the system: LMDB crashes it when there is too little while it opens a file.
 */
import { closeSync, openSync, readFileSync } from 'node:fs'
import { MillraceError } from '../core/errors.ts'

/** LMDB opens three, the log a few more; the rest is for watchers and backups. */
const descriptors = 16

/**
 * @param path one of the files of the log
 * @throws MillraceError `storage_failed` when the process may not open as many files as a log needs
 */
export function checkDescriptors(path: string): void {
  const opened: number[] = []
  try {
    while (opened.length < descriptors) opened.push(openSync(path, 'r'))
  } catch (cause) {
    throw new MillraceError(
      'storage_failed',
      `cannot open ${path}: a log needs ${descriptors} free file descriptors, and ${opened.length} are left; raise the limit on open files (ulimit -n), ` +
        'or close some, then start again',
      { cause },
    )
  } finally {
    for (const file of opened) closeSync(file)
  }
}

/** The share to leave for the process itself, beside the map. */
const keptFree = 0.5

/** Room for work other than appends, until something is deleted. */
const roomBytes = 2 ** 24

/**
 * How much address space to reserve for a file: `wanted`, or half of what a limit (`ulimit -v`) leaves.
 *
 * @throws MillraceError `storage_failed` when that is not even enough for the file as it is
 */
export function mapBytesFor(path: string, fileBytes: number, wanted: number): number {
  const free = freeAddressBytes()
  const bytes = Math.min(wanted, Math.floor((free * keptFree) / 2 ** 20) * 2 ** 20)
  if (bytes === wanted || bytes >= fileBytes + roomBytes) return bytes
  throw new MillraceError(
    'storage_failed',
    `cannot open ${path}: its ${fileBytes} bytes do not fit into the address space that this process may still use, ` +
      `${free} bytes; raise its limit (ulimit -v), then start again`,
  )
}

/** Infinity when there is no limit, or when the system does not say. */
function freeAddressBytes(): number {
  try {
    const limit = Number(
      /^Max address space\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1] ?? Infinity,
    )
    if (limit === Infinity) return limit
    const used = /^VmSize:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? 0
    return Math.max(0, limit - Number(used) * 1_024)
  } catch {
    return Infinity // another system, which has no such limit or does not say
  }
}
