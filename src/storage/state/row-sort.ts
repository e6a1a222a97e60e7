/**
 * Sorting rows by their keys, many at once.
 */

/** Rows by number, which know the order of their keys. */
export interface KeyedRows {
  /** Where the key of a row is: within this buffer, from {@link keyStart} to {@link keyEnd}. */
  keyBytes(row: number): Uint8Array
  keyStart(row: number): number
  keyEnd(row: number): number
}

export function compareKeys(
  left: Uint8Array,
  leftStart: number,
  leftEnd: number,
  right: Uint8Array,
  rightStart: number,
  rightEnd: number,
): number {
  const shorter = Math.min(leftEnd - leftStart, rightEnd - rightStart)
  for (let i = 0; i < shorter; i++) {
    const difference = (left[leftStart + i] as number) - (right[rightStart + i] as number)
    if (difference !== 0) return difference
  }
  return leftEnd - leftStart - (rightEnd - rightStart)
}

function compareRows(rows: KeyedRows, left: number, right: number): number {
  return compareKeys(
    rows.keyBytes(left),
    rows.keyStart(left),
    rows.keyEnd(left),
    rows.keyBytes(right),
    rows.keyStart(right),
    rows.keyEnd(right),
  )
}

/**
 * A row's place stands in the lower digits of what is sorted, the bytes after what all keys begin with in the upper
 * ones.
 */
const placesMax = 2 ** 13
const headBytes = 5
/** Fewer rows than this are sorted by comparing them. */
const fewRows = 12

/**
 * Sorts rows by their keys. Nearly all of the work is one sort of numbers, without a call for each comparison: they
 * begin with the first 5 bytes in which keys differ.
 *
 * @param prefix how many bytes all keys are known to begin with
 */
export function sortRows(rows: KeyedRows, unsorted: ArrayLike<number>, prefix: number): Int32Array {
  const { length } = unsorted
  const sorted = Int32Array.from(unsorted)
  if (length > placesMax || length < 2) return sorted.sort((left, right) => compareRows(rows, left, right))
  const numbers = new Float64Array(length)
  for (let at = 0; at < length; at++) {
    const row = unsorted[at] as number
    const bytes = rows.keyBytes(row)
    const end = rows.keyEnd(row)
    let number = 0
    for (let i = rows.keyStart(row) + prefix, count = 0; count < headBytes; i++, count++) {
      number = number * 256 + (i < end ? (bytes[i] as number) : 0)
    }
    numbers[at] = number * placesMax + at
  }
  numbers.sort()
  for (let start = 0; start < length;) {
    const first = numbers[start] as number
    const upper = Math.floor(first / placesMax)
    sorted[start] = unsorted[first - upper * placesMax] as number
    let end = start + 1
    for (; end < length && Math.floor((numbers[end] as number) / placesMax) === upper; end++) {
      sorted[end] = unsorted[(numbers[end] as number) - upper * placesMax] as number
    }
    if (end - start > 1) sortAlike(rows, sorted.subarray(start, end), prefix)
    start = end
  }
  return sorted
}

/** Sorts rows whose keys begin alike, or have ended but for bytes of zero. */
function sortAlike(rows: KeyedRows, alike: Int32Array, prefix: number): void {
  const shared = alike.length < fewRows ? 0 : sharedPrefix(rows, alike)
  // Keys that differ only in zero bytes at their ends are alike for ever.
  if (shared <= prefix) alike.sort((left, right) => compareRows(rows, left, right))
  else alike.set(sortRows(rows, alike.slice(), shared))
}

/** How many bytes all keys begin with. */
function sharedPrefix(rows: KeyedRows, unsorted: ArrayLike<number>): number {
  const first = unsorted[0] as number
  const bytes = rows.keyBytes(first)
  const start = rows.keyStart(first)
  let shared = rows.keyEnd(first) - start
  for (let at = 1; at < unsorted.length && shared > 0; at++) {
    const row = unsorted[at] as number
    const others = rows.keyBytes(row)
    const from = rows.keyStart(row)
    shared = Math.min(shared, rows.keyEnd(row) - from)
    let same = 0
    while (same < shared && bytes[start + same] === others[from + same]) same++
    shared = same
  }
  return shared
}
