// Async iterables as arrays, so that a test compares them in one line.

/** Everything that `items` yields; with a `count` only so many, then the iterable is told to stop. */
export async function collect<T>(items: AsyncIterable<T>, count: number = Number.POSITIVE_INFINITY): Promise<T[]> {
  const collected: T[] = []
  if (count === 0) return collected
  for await (const item of items) if (collected.push(item) >= count) break
  return collected
}

/** What `items` yields before it throws, and what it throws; `error` is undefined when it ends without. */
export async function collectUntilError<T>(
  items: AsyncIterable<T>,
): Promise<{ readonly items: readonly T[]; readonly error: unknown }> {
  const collected: T[] = []
  try {
    for await (const item of items) collected.push(item)
  } catch (error) {
    return { items: collected, error }
  }
  return { items: collected, error: undefined }
}
